// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal
  internal import KernelMemory

  /// What the rest of the kernel asks of arm64.
  enum Architecture {
    /// The levels of the page tables, with 4 KiB granules and 48-bit addresses.
    static func levelCount(_ info: StartInfo) -> Int { 4 }

    /// The page tables that the core builds.
    static var format: PagingFormat { .arm64With4KPages }

    /// `TLBI …IS` and `DSB ISH` reach all CPUs, and wait for them.
    static var invalidationsAreBroadcast: Bool { true }

    /// How long a CPU may take to start: seconds on any processor.
    static var patience: UInt64 { 100_000_000_000 }

    /// Makes what was written to the tables what the processor walks.
    static func publishTables() { metal_publish_tables() }

    /// Ends the virtual machine: as far as possible with twice the verdict plus one, so that no status
    /// can be taken for QEMU's own.
    static func powerOff(_ verdict: Verdict) {
      let status = UInt(verdict.rawValue) * 2 + 1
      Semihosting.exit(status: status)
      SerialPort.write("kernel: ended with status ")
      SerialPort.writeDecimal(status)
      SerialPort.write("\n")
      Firmware.powerOff()
    }

    /// Whether a store was refused because the page is read-only.
    static func isRefusedStore(_ fault: FaultFixups.Caught) -> Bool {
      let syndrome = Syndrome(fault.error)
      return syndrome.isDataAbort && syndrome.isStore && syndrome.isPermissionFault
    }
  }

  /// Calls to whoever debugs the machine; QEMU is told so with `-semihosting`.
  ///
  /// - Source: Arm, Semihosting for AArch32 and AArch64, 6.9 "SYS_EXIT_EXTENDED".
  enum Semihosting {
    private static var exitExtended: UInt64 { 0x20 }
    private static var applicationExit: UInt { 0x20026 }

    static func exit(status: UInt) {
      var block = (applicationExit, status)
      unsafe withUnsafeMutablePointer(to: &block) {
        metal_semihost(exitExtended, UInt(bitPattern: $0))
      }
    }
  }

#endif
