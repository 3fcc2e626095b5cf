// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// What a CPU was doing when something happened, as vectors.S leaves it on the stack.
  @safe
  struct InterruptFrame {
    private let frame: UnsafeMutablePointer<metal_frame>

    init(_ frame: UnsafeMutablePointer<metal_frame>) { unsafe self.frame = frame }

    /// What the processor calls ``error``.
    static var errorName: StaticString { "error code" }

    /// What happened.
    var vector: UInt { unsafe UInt(frame.pointee.vector) }
    /// What the processor says about it; 0 if nothing.
    var error: UInt { unsafe UInt(frame.pointee.error) }
    /// The instruction.
    var instruction: UInt { unsafe UInt(frame.pointee.rip) }
    /// The frame of the function.
    var framePointer: UInt { unsafe UInt(frame.pointee.rbp) }

    /// Lets the CPU go on at `address`.
    func resume(at address: UInt) { unsafe frame.pointee.rip = UInt64(address) }

    /// Prints all registers, three a line.
    func writeRegisters() {
      let registers = unsafe frame.pointee
      row("rax", registers.rax, "rbx", registers.rbx, "rcx", registers.rcx)
      row("rdx", registers.rdx, "rsi", registers.rsi, "rdi", registers.rdi)
      row("rbp", registers.rbp, "rsp", registers.rsp, "rip", registers.rip)
      row("r8 ", registers.r8, "r9 ", registers.r9, "r10", registers.r10)
      row("r11", registers.r11, "r12", registers.r12, "r13", registers.r13)
      row("r14", registers.r14, "r15", registers.r15, "flg", registers.rflags)
    }
  }

#endif
