// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// The end of a kernel that cannot go on: says why and how it came there.
///
/// It needs neither memory nor locks.
enum Panic {
  /// Prints a message and a backtrace, and exits with ``Verdict/fault``.
  static func stop(_ message: StaticString) -> Never {
    metal_disable_interrupts()
    SerialPort.write("\nkernel: ")
    SerialPort.write(message)
    SerialPort.write("\n")
    Backtrace.write(from: metal_frame_pointer())
    Verdict.fault.exit()
  }
}
