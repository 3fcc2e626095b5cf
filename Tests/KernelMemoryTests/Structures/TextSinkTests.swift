// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import Testing

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
    #expect(written { $0.append([0x61]); $0.append(byte: 0x62); $0.newline() } == "ab\n")
  }

  @Test(arguments: [
    (0, "0 B"), (5, "5.00 B"), (512, "512 B"), (1 << 10, "1.00 KiB"), (64 << 10, "64.0 KiB"),
    (2 << 20, "2.00 MiB"), (32 << 20, "32.0 MiB"), (512 << 20, "512 MiB"), (1 << 30, "1.00 GiB"),
    (16 << 30, "16.0 GiB"), (1536 << 20, "1.50 GiB"), (1 << 60, "1.00 EiB"), (UInt.max, "16.0 EiB"),
  ])
  func `sizes have three significant digits`(byteCount: UInt, text: String) {
    #expect(written { $0.appendBinarySize(byteCount) } == text)
  }
}
