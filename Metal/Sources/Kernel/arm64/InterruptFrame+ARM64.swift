// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// What a CPU was doing when something happened, as vectors.S leaves it on the stack.
  @safe
  struct InterruptFrame {
    private let frame: UnsafeMutablePointer<metal_frame>

    init(_ frame: UnsafeMutablePointer<metal_frame>) { unsafe self.frame = frame }

    /// What the processor calls ``error``.
    static var errorName: StaticString { "syndrome" }

    /// Which vector was taken.
    var vector: UInt { unsafe UInt(frame.pointee.vector) % UInt(METAL_OVERFLOW) }
    /// Whether there was no more room on the stack.
    var isOnUsedUpStack: Bool { unsafe frame.pointee.vector >= UInt64(METAL_OVERFLOW) }
    /// What the processor says about it.
    var error: UInt { unsafe UInt(frame.pointee.syndrome) }
    /// The address that was accessed, if it was an access.
    var address: UInt? { Syndrome(error).hasAddress ? unsafe UInt(frame.pointee.address) : nil }
    /// The instruction.
    var instruction: UInt { unsafe UInt(frame.pointee.pc) }
    /// The frame of the function.
    var framePointer: UInt { unsafe UInt(frame.pointee.x29) }

    /// Lets the CPU go on at `address`.
    func resume(at address: UInt) { unsafe frame.pointee.pc = UInt64(address) }

    /// Prints all registers, three a line.
    func writeRegisters() {
      let registers = unsafe frame.pointee
      row("x0 ", registers.x0, "x1 ", registers.x1, "x2 ", registers.x2)
      row("x3 ", registers.x3, "x4 ", registers.x4, "x5 ", registers.x5)
      row("x6 ", registers.x6, "x7 ", registers.x7, "x8 ", registers.x8)
      row("x9 ", registers.x9, "x10", registers.x10, "x11", registers.x11)
      row("x12", registers.x12, "x13", registers.x13, "x14", registers.x14)
      row("x15", registers.x15, "x16", registers.x16, "x17", registers.x17)
      row("x18", registers.x18, "x19", registers.x19, "x20", registers.x20)
      row("x21", registers.x21, "x22", registers.x22, "x23", registers.x23)
      row("x24", registers.x24, "x25", registers.x25, "x26", registers.x26)
      row("x27", registers.x27, "x28", registers.x28, "x29", registers.x29)
      row("x30", registers.x30, "sp ", registers.sp, "psr", registers.pstate)
    }
  }

#endif
