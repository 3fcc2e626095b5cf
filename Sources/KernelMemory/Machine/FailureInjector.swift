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
  /// Whether every allocation of a single base page fails.
  private let basePagesFail = Atomic<Bool>(false)

  init() {}

  /// How many allocations have been asked for since the machine started.
  public var allocationCount: UInt { asked.load(ordering: .relaxed) }

  /// Lets the next `count` allocations succeed and fails the one after them, once.
  public func failAllocation(after count: UInt) {
    failing.store(asked.load(ordering: .relaxed) &+ count &+ 1, ordering: .relaxed)
  }

  /// Lets all allocations take their natural course again.
  public func stopFailing() {
    failing.store(0, ordering: .relaxed)
    basePagesFail.store(false, ordering: .relaxed)
  }

  /// Makes every allocation of a single base page fail until ``stopFailing()``.
  public func failBasePageAllocations() {
    basePagesFail.store(true, ordering: .relaxed)
  }

  /// Counts one allocation of `order` and tells whether it has to fail.
  @inline(__always)
  func takesAllocation(of order: PageOrder) -> Bool {
    let number = asked.wrappingAdd(1, ordering: .relaxed).newValue
    if number == failing.load(ordering: .relaxed) { return true }
    return order == .page && basePagesFail.load(ordering: .relaxed)
  }
}
