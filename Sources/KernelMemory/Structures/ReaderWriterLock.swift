// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A lock that many readers or one writer hold.
///
/// - Linux: `struct rw_semaphore`, as the kernel's `init_mm.mmap_lock` uses it.
struct ReaderWriterLock: ~Copyable, Sendable {
  /// The number of readers, or ``writer``.
  private let holders = Atomic<Int>(0)
  private static var writer: Int { -1 }

  init() {}

  /// Runs `body` beside other readers, never beside a writer.
  @inline(__always)
  borrowing func withReadLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    while true {
      let seen = holders.load(ordering: .relaxed)
      if seen != Self.writer,
        holders.weakCompareExchange(
          expected: seen, desired: seen + 1, ordering: .acquiring
        ).exchanged
      {
        break
      }
      Machine.relaxWhileSpinning()
    }
    defer { holders.wrappingSubtract(1, ordering: .releasing) }
    return try body()
  }

  /// Runs `body` alone.
  @inline(__always)
  borrowing func withWriteLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    while !holders.weakCompareExchange(
      expected: 0, desired: Self.writer, ordering: .acquiring
    ).exchanged {
      Machine.relaxWhileSpinning()
    }
    defer { holders.store(0, ordering: .releasing) }
    return try body()
  }

  /// Runs `body` alone, if nobody holds the lock.
  ///
  /// - Returns: false if somebody does; `body` did not run.
  borrowing func tryWithWriteLock(_ body: () -> Void) -> Bool {
    guard holders.compareExchange(expected: 0, desired: Self.writer, ordering: .acquiring).exchanged
    else { return false }
    defer { holders.store(0, ordering: .releasing) }
    body()
    return true
  }
}
