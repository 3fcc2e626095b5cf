// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells which CPUs are inside a read-side section, and how many sections each has finished.
///
/// Every CPU writes to a cache line of its own. Sections nest; only the outermost counts.
@safe
final class ReaderSections: @unchecked Sendable {
  /// A CPU's passages, odd while it is inside: each entry and each exit add one.
  private let passages: UnsafeMutablePointer<Atomic<UInt>>
  /// The words from one CPU's passages to the next, of which the second is the nesting depth.
  private static var stride: Int { 8 }

  init(cpuCount: Int) {
    unsafe passages = .allocate(capacity: cpuCount * Self.stride)
    for index in 0..<cpuCount * Self.stride {
      unsafe (passages + index).initialize(to: Atomic(0))
    }
  }

  deinit {
    unsafe passages.deallocate()
  }

  func enter(_ cpu: CPUID) {
    let own = unsafe passages + cpu.index * Self.stride
    if unsafe own[1].wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
      unsafe own[0].wrappingAdd(1, ordering: .sequentiallyConsistent)
    }
  }

  func leave(_ cpu: CPUID) {
    let own = unsafe passages + cpu.index * Self.stride
    if unsafe own[1].wrappingSubtract(1, ordering: .relaxed).newValue == 0 {
      unsafe own[0].wrappingAdd(1, ordering: .sequentiallyConsistent)
    }
  }

  /// Returns when `cpu` is outside, or in a section that began after the call.
  func waitUntilLeft(_ cpu: CPUID) {
    let word = unsafe passages + cpu.index * Self.stride
    let seen = unsafe word.pointee.load(ordering: .sequentiallyConsistent)
    guard seen & 1 == 1 else { return }
    while unsafe word.pointee.load(ordering: .sequentiallyConsistent) == seen {
      Machine.relaxWhileSpinning()
    }
  }
}
