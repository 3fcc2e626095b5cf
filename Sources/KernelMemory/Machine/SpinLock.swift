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

  init() {}

  /// Waits until nobody holds the lock, then holds it.
  @inline(__always)
  borrowing func lock() {
    while isHeld.exchange(true, ordering: .acquiring) { Machine.relaxWhileSpinning() }
  }

  /// Lets go of the lock.
  @inline(__always)
  borrowing func unlock() {
    isHeld.store(false, ordering: .releasing)
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
