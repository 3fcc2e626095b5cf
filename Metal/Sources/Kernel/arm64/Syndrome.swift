// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  /// What the processor says about an exception: the register ESR_EL1.
  ///
  /// - Source: Arm ARM, D17.2.37 "ESR_EL1".
  struct Syndrome {
    private let bits: UInt

    init(_ bits: UInt) { self.bits = bits }

    /// The exception's class.
    var kind: UInt { bits >> 26 & 0x3F }

    private var isInstructionAbort: Bool { kind == 0x21 }
    /// An access of the kernel's own.
    var isDataAbort: Bool { kind == 0x25 }
    /// Whether an address comes with it.
    var hasAddress: Bool { isInstructionAbort || isDataAbort }

    /// The status of an abort without the level.
    private var status: UInt { bits >> 2 & 0xF }
    /// No entry was found.
    var isTranslationFault: Bool { hasAddress && status == 0b0001 }
    /// An entry was found that does not allow it.
    var isPermissionFault: Bool { hasAddress && status == 0b0011 }
    var isStore: Bool { bits >> 6 & 1 == 1 }

    var name: StaticString {
      switch kind {
      case 0x00: "unknown instruction"
      case 0x07: "use of a vector register"
      case 0x0E: "illegal state"
      case 0x21: "instruction abort"
      case 0x22: "misaligned program counter"
      case 0x25: "data abort"
      case 0x26: "misaligned stack pointer"
      case 0x2F: "system error"
      case 0x3C: "breakpoint, which is how Swift traps"
      default: "exception"
      }
    }
  }

#endif
