// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// How the kernel ends.
///
/// The numbers begin where those that QEMU ends with for reasons of its own do not come: 0 and 1.
enum Verdict: UInt8 {
  /// Everything went as it should.
  case good = 16
  /// A line of a script did not go as wanted.
  case bad = 17
  /// The script or the machine cannot be used.
  case unusable = 18
  /// The kernel itself failed.
  case fault = 19
}

extension Verdict {
  /// Ends the virtual machine; where that cannot be, waits for ever.
  func exit() -> Never {
    Architecture.powerOff(self)
    while true { metal_wait() }
  }
}
