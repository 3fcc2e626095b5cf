// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Takes traps of the threads that play CPUs for findings: a broken precondition ends a trial and not
/// the process.
///
/// A thread that trapped can neither go on nor go back. It sleeps for ever, like one that met a fault.
/// Traps of other threads go where they went before.
enum TrapGuard {
  /// What traps: `ud2` on x86-64 and `brk` on arm64.
  private static let signals = [SIGILL, SIGTRAP]

  private struct State: ~Copyable {
    var userCount = 0
    var before: [sigaction] = []
  }

  private static let state = Mutex(State())

  /// Has traps taken for findings until as many have called ``remove()``.
  static func install() {
    state.withLock { state in
      state.userCount += 1
      guard state.userCount == 1 else { return }
      state.before = signals.map { signal in
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { TrapGuard.take($0) }
        var before = sigaction()
        _ = unsafe sigaction(signal, &action, &before)
        return before
      }
    }
  }

  static func remove() {
    state.withLock { state in
      state.userCount -= 1
      guard state.userCount == 0 else { return }
      for (index, signal) in signals.enumerated() {
        _ = unsafe sigaction(signal, &state.before[index], nil)
      }
    }
  }

  /// The trap of the calling thread; it is no worse a place to run code than the call of a function.
  private static func take(_ number: Int32) {
    if let seat = CPUSeat.current { seat.team.noteTrap(of: seat.cpu) }
    // Nobody's: the instruction is executed once more, and traps as if we were not here.
    let isRestored = state.withLockIfAvailable { state in
      guard state.userCount > 0, let index = signals.firstIndex(of: number) else { return false }
      return unsafe sigaction(number, &state.before[index], nil) == 0
    }
    if isRestored != true { _ = signal(number, SIG_DFL) }
  }
}

/// Which CPU of which team the calling thread plays.
final class CPUSeat: Sendable {
  unowned let team: CPUTeam
  let cpu: Int

  init(_ team: CPUTeam, cpu: Int) { (self.team, self.cpu) = (team, cpu) }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let failure = unsafe pthread_key_create(&key, nil)
    precondition(failure == 0, "the process has no thread-specific key left")
    return key
  }()

  /// The calling thread's seat; nil if it plays no CPU.
  static var current: CPUSeat? {
    guard let seat = unsafe pthread_getspecific(key) else { return nil }
    return unsafe Unmanaged.fromOpaque(seat).takeUnretainedValue()
  }

  /// Runs `body` on this seat.
  func occupy(_ body: () -> Void) {
    _ = unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
    body()
    _ = pthread_setspecific(Self.key, nil)
  }
}
