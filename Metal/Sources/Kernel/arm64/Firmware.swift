// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// What firmware does for the kernel: CPUs and the machine go on and off.
  ///
  /// - Source: Arm DEN0022, Power State Coordination Interface, 5.1.
  enum Firmware {
    private static var startProcessor: UInt64 { 0xC400_0003 }
    private static var systemOff: UInt64 { 0x8400_0008 }

    /// Starts the CPU at the place `target`, at the physical address `entry`.
    ///
    /// - Returns: whether it did.
    static func start(_ target: UInt32, at entry: UInt, argument: UInt) -> Bool {
      call(startProcessor, UInt64(target), UInt64(entry), UInt64(argument)) == 0
    }

    /// Switches the machine off.
    static func powerOff() { _ = call(systemOff) }

    /// The device tree says by which instruction firmware is called.
    private static func call(
      _ function: UInt64, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0
    ) -> UInt64 {
      FirmwareTables(unsafe Boot.placement.firmwareTables).usesMonitor
        ? metal_call_monitor(function, a, b, c) : metal_call_hypervisor(function, a, b, c)
    }
  }

#endif
