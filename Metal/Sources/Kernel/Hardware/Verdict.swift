// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// How the kernel ends.
enum Verdict: UInt8 {
  /// Everything went as it should.
  case good = 0
  /// A line of a script did not go as wanted.
  case bad = 1
  /// The script or the machine cannot be used.
  case unusable = 2
  /// The kernel itself failed.
  case fault = 3
}

extension Verdict {
  /// Ends the virtual machine; where that cannot be, waits for ever.
  func exit() -> Never {
    Architecture.powerOff(self)
    while true { metal_wait() }
  }
}
