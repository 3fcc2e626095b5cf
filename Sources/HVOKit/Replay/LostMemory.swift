// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Memory that a recorded kernel lost, and that is kept from the twin for as long as it is replayed.
///
/// A defect is not imitated: the twin gives back what the kernel lost. But from then on the record
/// tells of a machine with less memory, so somebody takes what is missing out of circulation, and
/// the steps that follow can be compared like all others.
struct LostMemory {
  private let thief: SimulatedProcess
  private let subsystem: MemorySubsystem
  /// Folded gigantic pages of the boot that are still pages of the pool.
  private var kept: [FrameRange] = []

  /// Nothing is lost yet.
  init(of kernel: RecordedKernel, on subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    thief = SimulatedProcess(of: subsystem)
    guard kernel.losesGiganticBootPages, subsystem.isVmemmapOptimizationEnabled else { return }
    kept = subsystem.freeHugePages(of: Self.pageByteCount)
  }

  private static var pageByteCount: UInt { 1 << 30 }

  /// Takes the pages of the boot that have become free memory.
  mutating func update() {
    guard !kept.isEmpty else { return }
    kept.removeAll { thief.take($0, .fixed) }
  }
}
