// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// The first serial port of `virt`, by asking it again and again whether it is ready.
  ///
  /// - Source: Arm DDI0183, PrimeCell UART (PL011), chapter 3. Where it is: QEMU, hw/arm/virt.c.
  extension SerialPort {
    private static var registers: UInt { 0x0900_0000 }
    private static var data: UInt { registers }
    private static var flags: UInt { registers + 0x18 }
    private static var lineControl: UInt { registers + 0x2C }
    private static var control: UInt { registers + 0x30 }
    private static var interruptMask: UInt { registers + 0x38 }
    private static var receiverEmpty: UInt32 { 1 << 4 }
    private static var transmitterFull: UInt32 { 1 << 5 }
    /// Queues on, eight bits.
    private static var eightBitsInQueues: UInt32 { 0b111 << 4 }
    /// The port, its transmitter and its receiver.
    private static var on: UInt32 { 1 << 0 | 1 << 8 | 1 << 9 }

    /// Maps the registers where they are.
    static func map(_ tables: inout KernelTables) {
      tables.map(registers, to: registers, byteCount: AddressSpace.page, .device)
    }

    /// Sets eight data bits, queues on, no interrupts; firmware has set the speed.
    static func start() {
      metal_store_device(control, 0)
      metal_store_device(interruptMask, 0)
      metal_store_device(lineControl, eightBitsInQueues)
      metal_store_device(control, on)
    }

    /// Sends one byte.
    static func write(byte: UInt8) {
      while metal_load_device(flags) & transmitterFull != 0 { metal_pause() }
      metal_store_device(data, UInt32(byte))
    }

    /// Waits for a byte.
    static func read() -> UInt8 {
      while metal_load_device(flags) & receiverEmpty != 0 { metal_pause() }
      return UInt8(truncatingIfNeeded: metal_load_device(data))
    }
  }

#endif
