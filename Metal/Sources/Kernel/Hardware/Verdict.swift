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
  /// The port of QEMU's `isa-debug-exit`, which makes its status twice the value plus one.
  private static var exitPort: UInt16 { 0xF4 }

  /// Ends the virtual machine; where there is no such port, waits for ever.
  func exit() -> Never {
    metal_out8(Self.exitPort, rawValue)
    while true { metal_wait() }
  }
}
