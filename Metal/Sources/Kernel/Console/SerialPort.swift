// SPDX-License-Identifier: Apache-2.0

/// The first serial port. How a byte comes and goes is the architecture's.
enum SerialPort {
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
}

/// Where Swift's own messages go.
@c(putchar)
public func putCharacter(_ character: Int32) -> Int32 {
  SerialPort.write(byte: UInt8(truncatingIfNeeded: character))
  return character
}
