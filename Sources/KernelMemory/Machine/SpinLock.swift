// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A lock that its waiters spin for.
///
/// It is the core's only mutual exclusion: the kernel build has no scheduler to sleep in. Waiting
/// threads of a hosted machine yield the processor.
///
/// - Linux: `spinlock_t`, and `struct mutex` where the kernel may sleep.
struct SpinLock: ~Copyable, Sendable {
  private let isHeld = Atomic<Bool>(false)
  #if !hasFeature(Embedded)
    /// Where in the order of locks it stands; only observers ask.
    private let rank: LockRank
  #endif

  init(_ rank: LockRank) {
    #if !hasFeature(Embedded)
      self.rank = rank
    #endif
  }

  /// Waits until nobody holds the lock, then holds it.
  @inline(__always)
  borrowing func lock() {
    #if !hasFeature(Embedded)
      if Machine.isObserved { return lockObserved() }
    #endif
    while isHeld.exchange(true, ordering: .acquiring) { Machine.relaxWhileSpinning() }
  }

  /// Lets go of the lock.
  @inline(__always)
  borrowing func unlock() {
    isHeld.store(false, ordering: .releasing)
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.unlocked(id)) }
    #endif
  }

  /// Runs `body` while holding the lock.
  @inline(__always)
  borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }
}

#if !hasFeature(Embedded)
  extension SpinLock {
    /// What observers know the lock by.
    private var id: LockID { LockID(of: isHeld) }

    /// ``lock()`` on a machine whose CPUs are observed.
    @inline(never)
    private borrowing func lockObserved() {
      Machine.observe(.locking(id, rank))
      while isHeld.exchange(true, ordering: .acquiring) {
        if !Machine.observe(.waiting(id)) { Machine.relaxWhileSpinning() }
      }
      Machine.observe(.locked(id, rank))
    }
  }
#endif
