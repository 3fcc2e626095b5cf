// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A lock that many readers or one writer hold.
///
/// - Linux: `struct rw_semaphore`, as the kernel's `init_mm.mmap_lock` uses it.
struct ReaderWriterLock: ~Copyable, Sendable {
  /// The number of readers, or ``writer``.
  private let holders = Atomic<Int>(0)
  private static var writer: Int { -1 }
  #if !hasFeature(Embedded)
    /// Where in the order of locks it stands; only observers ask.
    private let rank: LockRank
  #endif

  init(_ rank: LockRank) {
    #if !hasFeature(Embedded)
      self.rank = rank
    #endif
  }

  /// Runs `body` beside other readers, never beside a writer.
  @inline(__always)
  borrowing func withReadLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    noteLocking()
    while !addReader() { relax() }
    noteLocked()
    defer {
      holders.wrappingSubtract(1, ordering: .releasing)
      noteUnlocked()
    }
    return try body()
  }

  /// Counts the caller as a reader, unless there is a writer.
  @inline(__always)
  private borrowing func addReader() -> Bool {
    let seen = holders.load(ordering: .relaxed)
    guard seen != Self.writer else { return false }
    return holders.compareExchange(
      expected: seen, desired: seen + 1, ordering: .acquiring
    ).exchanged
  }

  /// Runs `body` alone.
  @inline(__always)
  borrowing func withWriteLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    noteLocking()
    while !becomeWriter() { relax() }
    noteLocked()
    defer {
      holders.store(0, ordering: .releasing)
      noteUnlocked()
    }
    return try body()
  }

  /// Makes the caller the writer, if nobody holds the lock.
  @inline(__always)
  private borrowing func becomeWriter() -> Bool {
    holders.compareExchange(expected: 0, desired: Self.writer, ordering: .acquiring).exchanged
  }

  /// Runs `body` alone, if nobody holds the lock.
  ///
  /// - Returns: false if somebody does; `body` did not run.
  borrowing func tryWithWriteLock(_ body: () -> Void) -> Bool {
    noteLocking()
    guard becomeWriter() else { return false }
    noteLocked()
    defer {
      holders.store(0, ordering: .releasing)
      noteUnlocked()
    }
    body()
    return true
  }
}

// What observers hear of.

extension ReaderWriterLock {
  @inline(__always)
  private borrowing func noteLocking() {
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.locking(LockID(of: holders), rank)) }
    #endif
  }

  @inline(__always)
  private borrowing func noteLocked() {
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.locked(LockID(of: holders), rank)) }
    #endif
  }

  @inline(__always)
  private borrowing func noteUnlocked() {
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.unlocked(LockID(of: holders))) }
    #endif
  }

  @inline(__always)
  private borrowing func relax() {
    #if !hasFeature(Embedded)
      if Machine.isObserved, Machine.observe(.waiting(LockID(of: holders))) { return }
    #endif
    Machine.relaxWhileSpinning()
  }
}
