// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// An exception that nobody expected: it is told, and the kernel ends.
///
/// Nothing here takes memory or a lock.
enum Fault {
  /// Prints what happened, the registers and how the code came there, and exits.
  static func report(_ frame: InterruptFrame, address: UInt?) -> Never {
    metal_disable_interrupts()
    SerialPort.write("\nkernel: ")
    SerialPort.write(name(of: frame))
    SerialPort.write(" (vector ")
    SerialPort.writeDecimal(frame.vector)
    SerialPort.write(") on CPU ")
    SerialPort.writeDecimal(UInt(metal_current_cpu()))
    SerialPort.write(", ")
    SerialPort.write(InterruptFrame.errorName)
    SerialPort.write(" ")
    SerialPort.writeHex(frame.error)
    if let address {
      SerialPort.write(", address ")
      SerialPort.writeHex(address)
    }
    SerialPort.write("\n")
    frame.writeRegisters()
    Backtrace.line(frame.instruction)
    Backtrace.write(from: frame.framePointer)
    Verdict.fault.exit()
  }
}

extension InterruptFrame {
  /// Prints three registers in a line.
  func row(
    _ first: StaticString, _ a: UInt64, _ second: StaticString, _ b: UInt64,
    _ third: StaticString, _ c: UInt64
  ) {
    register(first, a)
    register(second, b)
    register(third, c)
    SerialPort.write("\n")
  }

  private func register(_ name: StaticString, _ value: UInt64) {
    SerialPort.write("  ")
    SerialPort.write(name)
    SerialPort.write(" ")
    SerialPort.writeHex(UInt(value))
  }
}
