// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// The first serial port of a PC, by asking it again and again whether it is ready.
  ///
  /// - Source: PC16550D data sheet, 8.0 "Registers".
  extension SerialPort {
    private static var port: UInt16 { 0x3F8 }
    /// Also the upper byte of the divisor; the port itself is the lower one.
    private static var interruptEnable: UInt16 { port + 1 }
    private static var queueControl: UInt16 { port + 2 }
    private static var lineControl: UInt16 { port + 3 }
    private static var modemControl: UInt16 { port + 4 }
    private static var lineStatus: UInt16 { port + 5 }
    private static var divisorAccess: UInt8 { 1 << 7 }
    private static var eightBits: UInt8 { 0b11 }
    /// Queues on, both empty.
    private static var emptyQueues: UInt8 { 0b111 }
    /// Ready for data, and wanting to send some.
    private static var ready: UInt8 { 0b11 }
    private static var dataReady: UInt8 { 1 << 0 }
    private static var transmitterEmpty: UInt8 { 1 << 5 }

    /// Sets 115200 bits a second, eight data bits, no parity, one stop bit, queues on, no interrupts.
    static func start() {
      metal_out8(interruptEnable, 0)
      metal_out8(lineControl, divisorAccess)
      metal_out8(port, 1)
      metal_out8(interruptEnable, 0)
      metal_out8(lineControl, eightBits)
      metal_out8(queueControl, emptyQueues)
      metal_out8(modemControl, ready)
    }

    /// Sends one byte.
    static func write(byte: UInt8) {
      while metal_in8(lineStatus) & transmitterEmpty == 0 { metal_pause() }
      metal_out8(port, byte)
    }

    /// Waits for a byte.
    static func read() -> UInt8 {
      while metal_in8(lineStatus) & dataReady == 0 { metal_pause() }
      return metal_in8(port)
    }
  }

#endif
