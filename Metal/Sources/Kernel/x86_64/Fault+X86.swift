// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// An exception that nobody expected: it is told, and the kernel ends.
  ///
  /// Nothing here takes memory or a lock.
  enum Fault {
    /// Prints what happened, the registers and how the code came there, and exits.
    static func report(_ frame: InterruptFrame, address: UInt?) -> Never {
      metal_disable_interrupts()
      SerialPort.write("\nkernel: ")
      SerialPort.write(name(of: frame.vector))
      SerialPort.write(" (vector ")
      SerialPort.writeDecimal(frame.vector)
      SerialPort.write(") on CPU ")
      SerialPort.writeDecimal(UInt(metal_current_cpu()))
      SerialPort.write(", error code ")
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

    /// - Source: Intel SDM volume 3, table 6-1.
    private static func name(of vector: UInt) -> StaticString {
      switch vector {
      case 0: "division by zero"
      case 1: "debug exception"
      case 2: "non-maskable interrupt"
      case 3: "breakpoint"
      case 4: "overflow"
      case 6: "invalid instruction, which is how Swift traps"
      case Vectors.doubleFault: "double fault, such as a stack that is used up"
      case 10: "invalid task state"
      case 11: "segment not present"
      case 12: "stack fault"
      case Vectors.generalProtection: "general protection fault"
      case Vectors.pageFault: "page fault"
      case 17: "alignment check"
      case 18: "machine check"
      default: "unexpected interrupt"
      }
    }
  }

#endif
