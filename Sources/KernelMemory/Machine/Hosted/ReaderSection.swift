// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Synchronization

  /// Tells whether one CPU is inside a read-side section, and how many it has finished.
  final class ReaderSection: Sendable {
    /// Odd while inside; each entry and each exit add one.
    private let passages = Atomic<UInt>(0)
    /// Sections nest; only the outermost counts. Touched by its own CPU only.
    private let depth = Atomic<UInt>(0)

    func enter() {
      if depth.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
        passages.wrappingAdd(1, ordering: .sequentiallyConsistent)
      }
    }

    func leave() {
      if depth.wrappingSubtract(1, ordering: .relaxed).newValue == 0 {
        passages.wrappingAdd(1, ordering: .sequentiallyConsistent)
      }
    }

    /// Returns when the CPU is outside, or in a section that began after the call.
    func waitUntilLeft() {
      let seen = passages.load(ordering: .sequentiallyConsistent)
      guard seen & 1 == 1 else { return }
      while passages.load(ordering: .sequentiallyConsistent) == seen {
        HostedMachine.relaxWhileSpinning()
      }
    }
  }
#endif
