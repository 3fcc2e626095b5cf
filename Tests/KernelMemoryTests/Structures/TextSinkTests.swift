// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Text sink` {
  private func written(_ write: (inout TextSink) -> Void) -> String {
    var sink = TextSink()
    write(&sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  @Test func `numbers are padded like printf pads them`() {
    #expect(written { $0.appendDecimal(0) } == "0")
    #expect(written { $0.appendDecimal(42, width: 8) } == "      42")
    #expect(written { $0.appendDecimal(42, width: 5, side: .left) } == "42   ")
    #expect(written { $0.appendDecimal(123_456_789, width: 5) } == "123456789")
    #expect(written { $0.appendDecimal(.max) } == "18446744073709551615")
    #expect(written { $0.appendDecimal(signed: -42, width: 5) } == "  -42")
    #expect(written { $0.appendDecimal(signed: .min) } == "-9223372036854775808")
  }

  @Test func `hexadecimal numbers are filled with zeros`() {
    #expect(written { $0.appendHex(0) } == "0")
    #expect(written { $0.appendHex(0xABC) } == "abc")
    #expect(written { $0.appendHex(0xABC, digits: 8) } == "00000abc")
    #expect(written { $0.appendHex(.max, digits: 8) } == "ffffffffffffffff")
  }

  @Test func `words are padded on either side`() {
    #expect(written { $0.append("DMA32", width: 8) } == "   DMA32")
    #expect(written { $0.append("DMA32", width: 8, side: .left) } == "DMA32   ")
    #expect(written { $0.append("DMA32", width: 2) } == "DMA32")
    #expect(written { $0.append(textBytes("ab"), width: 4, side: .left) } == "ab  ")
    #expect(
      written {
        $0.append([0x61]); $0.append(byte: 0x62); $0.newline()
      } == "ab\n")
  }

  private static let sizes: [(UInt, String)] = [
    (0, "0 B"), (5, "5.00 B"), (512, "512 B"), (0x400, "1.00 KiB"), (0x1_0000, "64.0 KiB"),
    (0x20_0000, "2.00 MiB"), (0x200_0000, "32.0 MiB"), (0x2000_0000, "512 MiB"),
    (0x4000_0000, "1.00 GiB"), (0x4_0000_0000, "16.0 GiB"), (0x6000_0000, "1.50 GiB"),
    (0x1000_0000_0000_0000, "1.00 EiB"), (.max, "16.0 EiB"),
  ]

  @Test(arguments: sizes)
  func `sizes have three significant digits`(byteCount: UInt, text: String) {
    #expect(written { $0.appendBinarySize(byteCount) } == text)
  }
}
