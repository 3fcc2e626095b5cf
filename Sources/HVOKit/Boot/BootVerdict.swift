// SPDX-License-Identifier: Apache-2.0

/// What came of booting a kernel, from best to worst.
public enum BootVerdict: String, Codable, Sendable {
  /// Everything went as it should.
  case good
  /// A line of the script did not go as wanted.
  case bad
  /// The script does not run on this machine, and the console says why.
  case unusable
  /// The kernel itself failed.
  case failed
  /// The kernel did not end within the time that it had.
  case timedOut = "timed_out"
  /// QEMU ended, and the kernel had not.
  case lost

  /// Reads how QEMU ended. The exit device makes a status of the kernel's number: twice that, and one;
  /// on arm64 the kernel does so itself.
  init(_ ending: GuardedProcess.Ending) {
    switch ending {
    case .exited(33): self = .good
    case .exited(35): self = .bad
    case .exited(37): self = .unusable
    case .exited(39): self = .failed
    case .outOfTime: self = .timedOut
    case .exited, .signalled: self = .lost
    }
  }

  /// What the command ends with.
  public var exitCode: Int32 {
    switch self {
    case .good: 0
    case .bad: 1
    case .unusable: 2
    case .failed, .timedOut, .lost: 3
    }
  }
}

extension GuardedProcess.Ending {
  /// Why the end is nobody's wish but the kernel's, in words; nil if the console says all.
  func complaint(seconds: UInt) -> String? {
    switch (BootVerdict(self), self) {
    case (.good, _), (.bad, _), (.unusable, _): nil
    case (.failed, _): "the kernel failed"
    case (_, .outOfTime):
      "the kernel did not end within \(ByteText.count(seconds, "second")); --seconds allows more"
    case (_, .exited(0)):
      "QEMU ended before the kernel: the machine was switched off or reset, as by a fault that the "
        + "kernel could not tell of"
    case (_, .exited(let status)):
      "QEMU ended with status \(status), and says why on standard error"
    case (_, .signalled(let signal)): "QEMU was ended by signal \(signal)"
    }
  }
}
