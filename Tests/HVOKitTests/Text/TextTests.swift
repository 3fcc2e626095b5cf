// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

@Suite struct `Texts for people` {
  @Test(arguments: [
    (UInt(0), "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.50 KiB"),
    (37_644_042, "35.9 MiB"), (402_653_184, "384 MiB"), (237_084_672, "226 MiB"),
    (10_480_000, "9.99 MiB"), (10_485_759, "10.0 MiB"), (104_857_599, "100 MiB"),
    (1_073_741_823, "1.00 GiB"), (UInt.max, "16.0 EiB"),
  ])
  func `bytes show in the largest unit that leaves a digit`(bytes: UInt, text: String) {
    #expect(ByteText.short(bytes) == text)
  }

  @Test func `differences of bytes have a sign`() {
    #expect(ByteText.signed(1 << 20) == "+1 MiB")
    #expect(ByteText.signed(-4096) == "−4 KiB")
    #expect(ByteText.signed(0) == "0 B")
    #expect(ByteText.signed(.min) == "−8 EiB")
  }

  @Test(arguments: [(UInt(0), "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
  func `thousands are set apart`(number: UInt, text: String) {
    #expect(ByteText.grouped(number) == text)
  }

  @Test func `columns are as wide as their widest cell`() {
    var table = TextTable([.left, .right])
    table.addHeading(["", "pages"])
    table.add(["node 0", "7"])
    table.add(["x"])
    #expect(table.lines(indent: 1, .plain) == ["         pages", " node 0      7", " x"])
  }

  @Test func `a text across all columns makes none of them wider`() {
    var table = TextTable([.left, .right])
    table.addAcross("a long text")
    table.add(["x", "1"])
    #expect(table.lines(.plain) == ["a long text", "x  1"])
  }

  @Test func `sentences are broken at blanks before the 80th column`() {
    let text = String(repeating: "word ", count: 40)
    let lines = TextWrap.lines(text, indent: 2)
    #expect(lines.allSatisfy { $0.count <= 79 })
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("    word") })
    #expect(lines.joined(separator: " ").split(separator: " ").count == 40)
    #expect(TextWrap.lines(String(repeating: "x", count: 90)).count == 1)
    #expect(TextWrap.lines("") == [])
  }

  @Test func `quoted input is short and harmless`() {
    #expect(InputError.quote("a\u{1B}[31m") == "'a?[31m'")
    #expect(InputError.quote("\u{FEFF}a\u{202E}b") == "'?a?b'")
    #expect(InputError.quote(String(repeating: "x", count: 99)).count == 63)
  }
}

@Suite struct `Sizes on the command line` {
  @Test(arguments: [
    ("4096", UInt(4096)), ("1K", 1024), ("512M", 512 << 20), ("16g", 16 << 30), ("2T", 2 << 40),
    ("2GiB", 2 << 30), ("2GB", 2 << 30), ("0x10M", 16 << 20),
  ])
  func `sizes are read`(text: String, bytes: UInt) throws {
    #expect(try SizeText.byteCount(text, option: "--x") == bytes)
  }

  @Test(arguments: [
    "", " ", "G", "-5", "+5", "1.5G", "5Q", "5G5", "5 G", "GiB", "iB", "B", "5B", "5iB", "0x",
    "99999999999T", "99999999999999999999999", "\0", "1G\0", "½",
  ])
  func `anything else is refused with the option's name`(text: String) {
    let error = #expect(throws: InputError.self) {
      try SizeText.byteCount(text, option: "--x")
    }
    #expect(error?.description.hasPrefix("--x: ") == true)
  }

  @Test(arguments: ["", "-1", "+1", "1a", "0x1", "1 ", "99999999999999999999"])
  func `counts are decimal digits`(text: String) {
    #expect(throws: InputError.self) { try SizeText.count(text, option: "--x") }
  }
}
