// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  extension Fault {
    /// What happened, in words.
    ///
    /// - Source: Intel SDM volume 3, table 6-1.
    static func name(of frame: InterruptFrame) -> StaticString {
      switch frame.vector {
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
