// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the memory subsystem has made the hardware do since the machine started.
///
/// Costs are counted, not timed: they are the same on every run and on every machine.
public final class CostMeter: Sendable {
  /// The kinds of work that are counted.
  public enum Kind: Int, CaseIterable, Sendable {
    /// Page-table entries written.
    case entriesWritten
    /// Bytes of descriptors copied from one frame to another.
    case bytesCopied
    /// Single-page invalidations issued by the flushing CPU.
    case pageFlushes
    /// Flushes of a CPU's whole TLB issued by the flushing CPU.
    case fullFlushes
    /// Interrupts sent to other CPUs to make them flush.
    case interprocessorInterrupts
    /// Frames handed out by the page allocator.
    case framesAllocated
    /// Frames given back to the page allocator.
    case framesFreed
    /// Grace periods waited for.
    case gracePeriods
  }

  private let entriesWritten = Atomic<UInt>(0)
  private let bytesCopied = Atomic<UInt>(0)
  private let pageFlushes = Atomic<UInt>(0)
  private let fullFlushes = Atomic<UInt>(0)
  private let interprocessorInterrupts = Atomic<UInt>(0)
  private let framesAllocated = Atomic<UInt>(0)
  private let framesFreed = Atomic<UInt>(0)
  private let gracePeriods = Atomic<UInt>(0)

  private let writers: Writers

  init(writers: Writers = .many) { self.writers = writers }

  /// Adds `amount` to the count of `kind`.
  @inline(__always)
  func add(_ amount: UInt, to kind: Kind) {
    switch kind {
    case .entriesWritten: entriesWritten.add(amount, from: writers)
    case .bytesCopied: bytesCopied.add(amount, from: writers)
    case .pageFlushes: pageFlushes.add(amount, from: writers)
    case .fullFlushes: fullFlushes.add(amount, from: writers)
    case .interprocessorInterrupts: interprocessorInterrupts.add(amount, from: writers)
    case .framesAllocated: framesAllocated.add(amount, from: writers)
    case .framesFreed: framesFreed.add(amount, from: writers)
    case .gracePeriods: gracePeriods.add(amount, from: writers)
    }
  }

  /// The counts at this moment.
  public var reading: CostReading {
    CostReading(
      entriesWritten: entriesWritten.load(ordering: .relaxed),
      bytesCopied: bytesCopied.load(ordering: .relaxed),
      pageFlushes: pageFlushes.load(ordering: .relaxed),
      fullFlushes: fullFlushes.load(ordering: .relaxed),
      interprocessorInterrupts: interprocessorInterrupts.load(ordering: .relaxed),
      framesAllocated: framesAllocated.load(ordering: .relaxed),
      framesFreed: framesFreed.load(ordering: .relaxed),
      gracePeriods: gracePeriods.load(ordering: .relaxed))
  }
}

/// A snapshot of a machine's ``CostMeter``, or the difference of two.
public struct CostReading: Equatable, Sendable {
  public var entriesWritten: UInt = 0
  public var bytesCopied: UInt = 0
  public var pageFlushes: UInt = 0
  public var fullFlushes: UInt = 0
  public var interprocessorInterrupts: UInt = 0
  public var framesAllocated: UInt = 0
  public var framesFreed: UInt = 0
  public var gracePeriods: UInt = 0

  /// What was spent between `earlier` and `later`.
  public static func - (later: Self, earlier: Self) -> Self {
    CostReading(
      entriesWritten: later.entriesWritten &- earlier.entriesWritten,
      bytesCopied: later.bytesCopied &- earlier.bytesCopied,
      pageFlushes: later.pageFlushes &- earlier.pageFlushes,
      fullFlushes: later.fullFlushes &- earlier.fullFlushes,
      interprocessorInterrupts: later.interprocessorInterrupts
        &- earlier.interprocessorInterrupts,
      framesAllocated: later.framesAllocated &- earlier.framesAllocated,
      framesFreed: later.framesFreed &- earlier.framesFreed,
      gracePeriods: later.gracePeriods &- earlier.gracePeriods)
  }
}
