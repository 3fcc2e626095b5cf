// SPDX-License-Identifier: Apache-2.0

/// The numbers in the name of a device on the dax bus: `dax<region>.<number>`.
public struct DAXDeviceID: Hashable, Comparable, Sendable {
  public let region: Int
  public let number: Int

  public init(region: Int, number: Int) {
    self.region = region
    self.number = number
  }

  public static func < (a: Self, b: Self) -> Bool {
    (a.region, a.number) < (b.region, b.number)
  }

  /// Reads a name, with nothing in front of it or behind it.
  public init?(name: ArraySlice<UInt8>) {
    let prefix: StaticString = "dax"
    guard prefix.isPrefix(of: name) else { return nil }
    let numbers = name.dropFirst(prefix.utf8CodeUnitCount)
    guard let dot = numbers.firstIndex(of: UInt8(ascii: ".")),
      let region = Self.number(numbers[..<dot]), let number = Self.number(numbers[(dot + 1)...])
    else { return nil }
    self.init(region: region, number: number)
  }

  /// A number as the kernel writes it, below 2³¹.
  private static func number(_ text: ArraySlice<UInt8>) -> Int? {
    let digits = Parsing.digits(text, base: 10)
    guard digits.byteCount == text.count, digits.byteCount > 0, !digits.overflowed,
      text.first != ASCII.zero || text.count == 1
    else { return nil }
    return Int32(exactly: digits.value).map { Int($0) }
  }

  /// Appends the name.
  public func write(to sink: inout TextSink) {
    sink.append("dax")
    sink.appendDecimal(signed: region)
    sink.append(".")
    sink.appendDecimal(signed: number)
  }
}
