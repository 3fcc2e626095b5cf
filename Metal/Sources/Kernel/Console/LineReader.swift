// SPDX-License-Identifier: Apache-2.0

/// Lines that somebody types on the serial port, shown as they are typed.
///
/// Whatever else comes in is passed over: the line may be noisy.
struct LineReader {
  /// The bytes of a line that are kept.
  private static var longest: Int { 4096 }
  private static var endOfText: UInt8 { 0x04 }
  private static var backspace: UInt8 { 0x08 }
  private static var delete: UInt8 { 0x7F }

  /// The byte before the next one was a carriage return, so a newline adds no line.
  private var endsWithReturn = false

  /// The next line without its end; nil if there are no more.
  mutating func next() -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      let byte = SerialPort.read()
      let isSecondEnd = endsWithReturn && byte == UInt8(ascii: "\n")
      endsWithReturn = byte == UInt8(ascii: "\r")
      switch byte {
      case UInt8(ascii: "\n") where isSecondEnd: continue
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        SerialPort.write("\n")
        return line
      case Self.endOfText where line.isEmpty:
        SerialPort.write("\n")
        return nil
      case Self.backspace, Self.delete: erase(&line)
      case UInt8(ascii: " ")...UInt8(ascii: "~"), UInt8(ascii: "\t"):
        guard line.count < Self.longest else { continue }
        line.append(byte)
        SerialPort.write(byte: byte)
      default: continue
      }
    }
  }

  private func erase(_ line: inout [UInt8]) {
    guard line.popLast() != nil else { return }
    SerialPort.write("\u{8} \u{8}")
  }
}
