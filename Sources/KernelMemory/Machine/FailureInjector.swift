// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Makes chosen allocations fail, so that every roll-back path can be walked.
///
/// The page allocator asks before each allocation. The count is the machine's own, so a run with
/// the same operations fails at the same place every time.
public final class FailureInjector: Sendable {
  /// Allocations asked for since the machine started.
  private let asked = Atomic<UInt>(0)
  /// The allocation, counted as `asked` does, that fails; 0 for none.
  private let failing = Atomic<UInt>(0)
  /// Another one.
  private let failingToo = Atomic<UInt>(0)
  /// The allocation, counted as `asked` does, from which on none of a single base page succeeds.
  private let basePagesFailFrom = Atomic<UInt>(.max)

  private let writers: Writers

  init(writers: Writers = .many) { self.writers = writers }

  /// How many allocations have been asked for since the machine started.
  public var allocationCount: UInt { asked.load(ordering: .relaxed) }

  /// Lets the next `count` allocations succeed and fails the one after them, once.
  ///
  /// - Parameter gap: how many succeed then before one more fails; nil for as many as there are.
  public func failAllocation(after count: UInt, andAgainAfter gap: UInt? = nil) {
    let first = asked.load(ordering: .relaxed) &+ count &+ 1
    failing.store(first, ordering: .relaxed)
    failingToo.store(gap.map { first &+ $0 &+ 1 } ?? 0, ordering: .relaxed)
  }

  /// Lets all allocations take their natural course again.
  public func stopFailing() {
    failing.store(0, ordering: .relaxed)
    failingToo.store(0, ordering: .relaxed)
    basePagesFailFrom.store(.max, ordering: .relaxed)
  }

  /// Lets the next `count` allocations succeed and fails every later one of a single base page until
  /// ``stopFailing()``.
  public func failBasePageAllocations(after count: UInt = 0) {
    let first = asked.load(ordering: .relaxed) &+ count &+ 1
    basePagesFailFrom.store(first, ordering: .relaxed)
  }

  /// Counts one allocation of `order` and tells whether it has to fail.
  @inline(__always)
  func takesAllocation(of order: PageOrder) -> Bool {
    let number = asked.add(1, from: writers)
    let basePages = basePagesFailFrom.load(ordering: .relaxed)
    return number == failing.load(ordering: .relaxed)
      || number == failingToo.load(ordering: .relaxed) || (order == .page && number >= basePages)
  }

  /// Counts up to `count` allocations of single base pages in a row, and tells how many of them there
  /// may be: all, where none has to fail, or one, or none.
  @inline(__always)
  func takesPages(_ count: UInt) -> UInt {
    let isQuiet =
      failing.load(ordering: .relaxed) == 0 && failingToo.load(ordering: .relaxed) == 0
      && basePagesFailFrom.load(ordering: .relaxed) == .max
    guard isQuiet else { return takesAllocation(of: .page) ? 0 : 1 }
    _ = asked.add(count, from: writers)
    return count
  }
}

extension Machine {
  /// Counts one allocation of `order` and tells whether it has to fail.
  ///
  /// Not inlined: the caller would retain the injector meanwhile.
  @inline(never)
  func failsAllocation(of order: PageOrder) -> Bool { failures.takesAllocation(of: order) }
}
