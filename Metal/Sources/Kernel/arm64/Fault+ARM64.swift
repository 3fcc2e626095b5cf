// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

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
      SerialPort.write(", syndrome ")
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

    private static func name(of frame: InterruptFrame) -> StaticString {
      if frame.isOnUsedUpStack { return "a stack that is used up" }
      guard frame.vector == Vectors.exception else { return "unexpected interrupt" }
      return Syndrome(frame.error).name
    }
  }

#endif
