// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// The first serial port, by asking it again and again whether it is ready.
///
/// - Source: PC16550D data sheet, 8.0 "Registers".
enum SerialPort {
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

  /// Sends a text.
  static func write(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      for index in bytes.indices { unsafe write(byte: bytes[index]) }
    }
  }

  /// Sends bytes.
  static func write(_ bytes: [UInt8]) {
    for byte in bytes { write(byte: byte) }
  }

  /// Sends a number as `0x` and sixteen digits.
  static func writeHex(_ value: UInt) {
    write("0x")
    for place in stride(from: UInt.bitWidth - 4, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: value >> UInt(place) & 0xF)
      write(byte: digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
    }
  }

  /// Sends a number in decimal.
  static func writeDecimal(_ value: UInt) {
    if value >= 10 { writeDecimal(value / 10) }
    write(byte: 0x30 + UInt8(truncatingIfNeeded: value % 10))
  }

  /// Waits for a byte.
  static func read() -> UInt8 {
    while metal_in8(lineStatus) & dataReady == 0 { metal_pause() }
    return metal_in8(port)
  }
}

/// Where Swift's own messages go.
@c(putchar)
public func putCharacter(_ character: Int32) -> Int32 {
  SerialPort.write(byte: UInt8(truncatingIfNeeded: character))
  return character
}
