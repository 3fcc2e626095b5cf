// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// Runs a parser on text; failures become values so that tables can hold them.
private func outcome<Value>(
  _ text: String, _ parse: (ArraySlice<UInt8>) throws(NumberError) -> Value
) -> Result<Value, NumberError> {
  do throws(NumberError) { return .success(try parse(textBytes(text))) } catch {
    return .failure(error)
  }
}

@Suite struct `Numbers in sysfs files` {
  @Test(arguments: [
    ("0", 0), ("64", 64), ("64\n", 64), ("007", 7), ("+5", 5), ("5\0junk", 5), ("5\n\0junk", 5),
    ("18446744073709551615", UInt.max),
  ])
  func `decimal numbers are accepted with one newline`(text: String, value: UInt) {
    #expect(outcome(text, Parsing.sysfsUnsigned) == .success(value))
  }

  @Test(arguments: [
    "", "\n", "\0", "0x10", "-1", "12 ", " 12", "12\n\n", "1,000", "+", "+-1", "12a", "é",
    "\u{0660}",
  ])
  func `anything else is invalid`(text: String) {
    #expect(outcome(text, Parsing.sysfsUnsigned) == .failure(.invalid))
  }

  @Test(arguments: [
    "18446744073709551616", "99999999999999999999999", "18446744073709551616junk",
    String(repeating: "9", count: 1 << 20),
  ])
  func `numbers that do not fit are out of range whatever follows`(text: String) {
    #expect(outcome(text, Parsing.sysfsUnsigned) == .failure(.outOfRange))
  }

  @Test(arguments: [
    ("0x10", 16), ("0X1f\n", 31), ("010", 8), ("10", 10), ("0", 0), ("+0x1", 1),
    ("0xffffffffffffffff", UInt.max),
  ])
  func `automatic base follows the prefix`(text: String, value: UInt) {
    #expect(outcome(text, Parsing.sysfsUnsignedAutoBase) == .success(value))
  }

  @Test(arguments: ["0x", "08", "0xg", "x10", "", "-0x1", "0b1"])
  func `a prefix without digits of its base is invalid`(text: String) {
    #expect(outcome(text, Parsing.sysfsUnsignedAutoBase) == .failure(.invalid))
  }

  @Test func `hexadecimal numbers that do not fit are out of range`() {
    #expect(outcome("0x10000000000000000", Parsing.sysfsUnsignedAutoBase) == .failure(.outOfRange))
  }
}

@Suite struct `Switches` {
  @Test(arguments: [
    "y", "Y", "yes", "t", "true", "T", "e", "enable", "1", "1junk", "on", "On\n", "oN",
  ])
  func `these turn on`(text: String) {
    #expect(
      outcome(text) { bytes throws(NumberError) in try Parsing.kernelBoolean(bytes) }
        == .success(true))
  }

  @Test(arguments: [
    "n", "N", "no", "f", "False", "d", "Disable", "0", "0x1", "off", "OF", "of course",
  ])
  func `these turn off`(text: String) {
    #expect(
      outcome(text) { bytes throws(NumberError) in try Parsing.kernelBoolean(bytes) }
        == .success(false))
  }

  @Test(arguments: ["e", "Enabled", "d", "disable"])
  func `enabled and disabled are newer than the rest`(text: String) {
    let older = outcome(text) { bytes throws(NumberError) in
      try Parsing.kernelBoolean(bytes, words: .common)
    }
    #expect(older == .failure(.invalid))
  }

  @Test(arguments: ["y", "T", "1", "on", "n", "f", "0", "OFF"])
  func `the other words are those of all kernels`(text: String) {
    let older = outcome(text) { bytes throws(NumberError) in
      try Parsing.kernelBoolean(bytes, words: .common)
    }
    #expect(
      older == outcome(text) { bytes throws(NumberError) in try Parsing.kernelBoolean(bytes) })
  }

  @Test(arguments: ["", "o", "ox", "2", "maybe", " 1", "\n", "\0y", "-1"])
  func `these do neither`(text: String) {
    #expect(
      outcome(text) { bytes throws(NumberError) in try Parsing.kernelBoolean(bytes) }
        == .failure(.invalid))
  }
}

@Suite struct `Numbers in sysctl files` {
  @Test(arguments: [
    ("4", 4, 1), ("4\n", 4, 2), ("4 5", 4, 2), ("4   5", 4, 4), ("  4\t\n", 4, 5), ("0x10", 16, 4),
    ("010", 8, 3), ("0", 0, 1), ("4\nfoo", 4, 2),
  ])
  func `a number ends at a blank and takes the blanks with it`(
    text: String, value: UInt, byteCount: Int
  ) throws {
    let parsed = try Parsing.sysctlUnsigned(textBytes(text))
    #expect(parsed.value == value)
    #expect(parsed.byteCount == byteCount)
  }

  @Test(arguments: [
    "", " ", "\n", "-1", "+1", "4x", "4,5", "on", "4\0", "\u{0}4", "- 1", "-", "0x", "08",
    "18446744073709551616", "000000000000000000001",
  ])
  func `everything else is invalid`(text: String) {
    #expect(outcome(text, Parsing.sysctlUnsigned) == .failure(.invalid))
  }

  @Test(arguments: [
    ("-1", -1), ("2147483647", Int32.max), ("-2147483648", Int32.min), (" -0x10 ", -16), ("0", 0),
  ])
  func `signed numbers have 32 bits`(text: String, value: Int32) throws {
    #expect(try Parsing.sysctlInt(textBytes(text)).value == value)
  }

  @Test(arguments: ["2147483648", "-2147483649", "99999999999", "--1", "+1"])
  func `signed numbers beyond 32 bits are invalid`(text: String) {
    #expect(outcome(text, Parsing.sysctlInt) == .failure(.invalid))
  }

  @Test func `a switch is a number`() throws {
    #expect(try Parsing.sysctlBool(textBytes("1\n")) == Parsed(value: true, byteCount: 2))
    #expect(try Parsing.sysctlBool(textBytes("0")).value == false)
    #expect(try Parsing.sysctlBool(textBytes("-7")).value == true)
    #expect(outcome("on", Parsing.sysctlBool) == .failure(.invalid))
  }

  @Test func `a megabyte of blanks is taken in one go`() throws {
    let text = "5" + String(repeating: " ", count: 1 << 20)
    #expect(try Parsing.sysctlUnsigned(textBytes(text)).byteCount == 1 + 1 << 20)
  }
}

@Suite struct `Memory sizes` {
  private static let sizes: [(String, UInt, String)] = [
    ("2M", 0x20_0000, ""), ("1g", 0x4000_0000, ""), ("4096", 4096, ""), ("0x10K", 0x4000, ""),
    ("2048kB", 0x20_0000, "B"), ("1T", 0x100_0000_0000, ""), ("1P", 0x4_0000_0000_0000, ""),
    ("15E", 0xF000_0000_0000_0000, ""), ("1G!4G", 0x4000_0000, "!4G"), ("", 0, ""), ("M", 0, ""),
    ("-1", 0, "-1"), ("Kx", 0, "x"), ("0xK", 0, "xK"), ("0", 0, ""), ("010", 8, ""),
    ("0x1E", 30, ""), ("2MM", 0x20_0000, "M"),
    ("2M\0G", 0x20_0000, ""),
  ]

  @Test(arguments: sizes)
  func `a suffix multiplies and the rest is handed back`(text: String, value: UInt, rest: String) {
    let size = Parsing.memorySize(textBytes(text))
    #expect(size.byteCount == value)
    #expect(Array(size.rest) == Array(rest.utf8))
    #expect(!size.overflowed)
    #expect(size.isWholeText == rest.isEmpty)
  }

  private static let large: [(String, UInt)] = [
    ("16E", 0), ("17E", 1 << 60), ("18446744073709551616", 0), ("18014398509481984K", 0),
    ("18446744073711648768", 2 << 20), ("0xfffffffffffffffffK", .max << 10),
  ]

  @Test(arguments: large)
  func `sizes that do not fit say so and lose their upper bits`(text: String, rest: UInt) {
    let size = Parsing.memorySize(textBytes(text))
    #expect(size.overflowed)
    #expect(size.byteCount == rest)
    #expect(size.isWholeText)
  }
}

@Suite struct `Words` {
  private let words: [StaticString] = ["offline", "online", "online_kernel"]

  @Test(arguments: [("offline", 0), ("online\n", 1), ("online_kernel\0", 2), ("online\0rest", 1)])
  func `a newline or a NUL may end a word`(text: String, index: Int) {
    #expect(Parsing.sysfsWordIndex(of: textBytes(text), in: words) == index)
  }

  @Test(arguments: [
    "", "onlin", "online ", " online", "Online", "online\n\n", "online_", "\0online",
  ])
  func `only exact words count`(text: String) {
    #expect(Parsing.sysfsWordIndex(of: textBytes(text), in: words) == nil)
  }
}

@Suite struct `Leading numbers` {
  @Test func `a decimal number skips spaces and loses what does not fit`() {
    #expect(Parsing.leadingDecimal(textBytes("  12:x")) == Parsed(value: 12, byteCount: 4))
    #expect(Parsing.leadingDecimal(textBytes("-5")) == nil)
    #expect(Parsing.leadingDecimal(textBytes("")) == nil)
    #expect(Parsing.leadingDecimal(textBytes("18446744073709551621"))?.value == 5)
    #expect(
      Parsing.leadingDecimal(textBytes("340282366920938463463374607431768211455"))?.value == .max)
  }

  @Test func `a hexadecimal number needs no prefix`() {
    #expect(Parsing.leadingHex(textBytes("0x1F-")) == Parsed(value: 31, byteCount: 4))
    #expect(Parsing.leadingHex(textBytes("000fffff")) == Parsed(value: 0xFFFFF, byteCount: 8))
    #expect(Parsing.leadingHex(textBytes("0x")) == nil)
    #expect(Parsing.leadingHex(textBytes("10000000000000000")) == nil)
  }
}
