// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal
  internal import KernelMemory

  /// What the rest of the kernel asks of x86-64.
  enum Architecture {
    /// - Source: Intel SDM volume 2, CPUID leaf 7, %ecx bit 16.
    private static var hasFiveLevels: Bool { metal_features_ecx(7, 0) >> 16 & 1 == 1 }

    /// The levels of the page tables: as many as the processor has, unless the command line objects.
    static func levelCount(_ info: StartInfo) -> Int {
      let refuses = CommandLineWord.contains("no5lvl", in: info.commandLine)
      return hasFiveLevels && !refuses ? 5 : 4
    }

    /// The page tables that the core builds.
    static var format: PagingFormat {
      unsafe Boot.placement.levelCount == 5 ? .x86FiveLevel : .x86FourLevel
    }

    /// A CPU drops its own translations only.
    static var invalidationsAreBroadcast: Bool { false }

    /// How long a CPU may take to start: seconds on any processor.
    static var patience: UInt64 { 100_000_000_000 }

    /// The processor walks what was written.
    static func publishTables() {}

    /// The port of QEMU's `isa-debug-exit`, which makes its status twice the value plus one.
    private static var exitPort: UInt16 { 0xF4 }

    /// Ends the virtual machine if it has the port.
    static func powerOff(_ verdict: Verdict) { metal_out8(exitPort, verdict.rawValue) }

    /// Whether a store was refused because the page is read-only.
    ///
    /// - Source: Intel SDM volume 3, figure 4-12: present, write.
    static func isRefusedStore(_ fault: FaultFixups.Caught) -> Bool {
      fault.vector == Vectors.pageFault && fault.error == 0b11
    }
  }

#endif
