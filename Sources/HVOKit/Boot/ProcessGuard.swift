// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A shell that waits until this process is gone, and then kills a process group.
///
/// What it reads is a pipe into which nobody writes: it ends when the last process ends that has it
/// open, and that is this one.
struct ProcessGuard {
  private let shell = Process()
  private let lifeline = Pipe()
  private static let duty = """
    read -r line
    kill -s KILL -- "-$0"
    [ -z "$1" ] || rm -f -- "$1"
    """

  /// Watches over the group `group`, and over a file that goes with it. A group that cannot be watched
  /// is killed.
  init(ofGroup group: Int32, scratchFile: String?) throws {
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", Self.duty, "\(group)", scratchFile ?? ""]
    shell.standardInput = lifeline
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    do {
      try shell.run()
    } catch {
      kill(-group, SIGKILL)
      throw error
    }
  }

  /// Ends the watch; the group is left alone.
  func dismiss() {
    kill(shell.processIdentifier, SIGKILL)
    shell.waitUntilExit()
  }
}

/// Kills a process group when its time is over.
final class GroupAlarm: Sendable {
  private enum State { case waiting, rung, stopped }
  private let state = Mutex(State.waiting)

  /// Sets the alarm; without a time it never rings.
  init(_ group: Int32, after limit: Duration?) {
    guard let limit else { return }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(limit.components.seconds))) {
      self.state.withLock { state in
        guard state == .waiting else { return }
        state = .rung
        kill(-group, SIGKILL)
      }
    }
  }

  /// Stops it.
  ///
  /// - Returns: whether it had rung.
  func stop() -> Bool {
    state.withLock { state in
      guard state == .waiting else { return true }
      state = .stopped
      return false
    }
  }
}
