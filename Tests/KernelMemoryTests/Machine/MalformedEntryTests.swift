// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// One entry that no processor accepts.
struct MalformedEntry: CustomTestStringConvertible, Sendable {
  let regime: TranslationRegime
  let shift: UInt
  let entry: UInt64
  let why: String

  init(_ regime: TranslationRegime, shift: UInt, _ entry: UInt64, _ why: String) {
    (self.regime, self.shift, self.entry, self.why) = (regime, shift, entry, why)
  }

  var testDescription: String { "\(regime): \(why)" }

  private static let arm4K = TranslationRegime.arm64(.fourKiB, addressBits: 48)
  private static let arm16K = TranslationRegime.arm64(.sixteenKiB, addressBits: 48)
  private static let arm64K = TranslationRegime.arm64(.sixtyFourKiB, addressBits: 48)
  private static let sv39 = TranslationRegime.riscv(levels: 3)
  private static let radix4K = TranslationRegime.powerRadix(.fourKiB)
  private static let radix64K = TranslationRegime.powerRadix(.sixtyFourKiB)

  static let all: [Self] = [
    Self(.x86FourLevel, shift: 39, 0x80 | 0x3, "bit 7 in a PML4 entry"),
    Self(.x86FiveLevel, shift: 39, 0x80 | 0x3, "bit 7 in a PML4 entry"),
    Self(.x86FiveLevel, shift: 48, 0x80 | 0x3, "bit 7 in a PML5 entry"),
    Self(.x86FourLevel, shift: 21, 1 << 13 | 0x83, "bit 13 of a 2 MiB leaf"),
    Self(.x86FourLevel, shift: 30, 1 << 29 | 0x83, "bit 29 of a 1 GiB leaf"),

    Self(arm4K, shift: 12, 0x401, "a block at the last level"),
    Self(arm4K, shift: 39, 0x401, "a block at level 0"),
    Self(arm4K, shift: 12, 0x003, "a page that was never accessed"),
    Self(arm4K, shift: 21, 0x001, "a block that was never accessed"),
    Self(arm4K, shift: 12, 1 << 48 | 0x403, "bit 48 of a page"),
    Self(arm4K, shift: 30, 1 << 50 | 0x003, "bit 50 of a table"),
    Self(arm4K, shift: 21, 1 << 16 | 0x401, "bit 16 of a block"),
    Self(arm16K, shift: 36, 0x401, "a 64 GiB block"),
    Self(arm16K, shift: 14, 1 << 12 | 0x403, "bit 12 of a 16 KiB page"),
    Self(arm64K, shift: 42, 0x401, "a 4 TiB block"),
    Self(arm64K, shift: 29, 1 << 15 | 0x003, "bit 15 of a table of 64 KiB pages"),

    Self(sv39, shift: 12, 0xC5, "writable but not readable"),
    Self(sv39, shift: 12, 0xC9, "execute only"),
    Self(sv39, shift: 12, 0x01, "a pointer at the last level"),
    Self(sv39, shift: 21, 0x41, "an accessed pointer"),
    Self(sv39, shift: 21, 0x81, "a dirty pointer"),
    Self(sv39, shift: 21, 0x11, "a user pointer"),
    Self(sv39, shift: 12, 0xD7, "a user page"),
    Self(sv39, shift: 12, 0x87, "a page that was never accessed"),
    Self(sv39, shift: 12, 1 << 54 | 0xC7, "bit 54"),
    Self(sv39, shift: 12, 1 << 61 | 0xC7, "a memory type"),
    Self(sv39, shift: 21, 1 << 10 | 0xC7, "a 2 MiB page at 4 KiB"),
    Self(sv39, shift: 30, 1 << 19 | 0xC7, "a 1 GiB page at 2 MiB"),
    Self(sv39, shift: 21, 1 << 63 | 1 << 13 | 0xC7, "a group of 2 MiB pages"),
    Self(sv39, shift: 12, 1 << 63 | 1 << 12 | 0xC7, "a group of 8 pages"),
    Self(sv39, shift: 21, 1 << 63 | 0x01, "a group of tables"),

    Self(radix4K, shift: 12, 1 << 63 | 9, "a directory at the last level"),
    Self(radix4K, shift: 39, 0b11 << 62 | 0x18E, "a leaf in the root directory"),
    Self(radix4K, shift: 30, 1 << 63 | 5, "a table of the wrong size"),
    Self(radix4K, shift: 21, 1 << 63 | 5, "a 64 KiB shape in a 4 KiB tree"),
    Self(radix64K, shift: 21, 1 << 63 | 9, "a 4 KiB shape in a 64 KiB tree"),
    Self(radix4K, shift: 30, 1 << 63 | 0x100 | 9, "a table off its size"),
    Self(radix4K, shift: 30, 1 << 63 | 0x20 | 9, "a reserved bit in a directory entry"),
    Self(radix4K, shift: 12, 0b11 << 62 | 0x40 | 0x18E, "bit 57 of a leaf"),
    Self(radix4K, shift: 12, 0b11 << 62 | 1 << 57 | 0x18E, "bit 6 of a leaf"),
    Self(radix4K, shift: 12, 0b11 << 62 | 0x08E, "a page that was never referenced"),
    Self(radix4K, shift: 12, 0b11 << 62 | 0x188, "a page that cannot be read"),
    Self(radix64K, shift: 16, 0b11 << 62 | 0x1000 | 0x18E, "a 64 KiB page at 4 KiB"),
  ]
}

@Suite struct `Entry decoder` {
  @Test(arguments: MalformedEntry.all)
  func `refuses`(_ malformed: MalformedEntry) {
    let decoder = EntryDecoder(malformed.regime)
    #expect(decoder.decode(malformed.entry, at: malformed.shift) == .malformed)
  }

  @Test func `x86 ignores PAT, keys and software bits`() {
    let decoder = EntryDecoder(.x86FourLevel)
    let noise: UInt64 = 0xFFF << 52 | 0xE7C  // everything but P, RW, PSE and G
    #expect(
      decoder.decode(noise | 0x5000 | 0x3, at: 12)
        == .leaf(PhysicalAddress(0x5000), shift: 12, isWritable: true))
    #expect(
      decoder.decode(noise | 0x40_0000 | 1 << 12 | 0x81, at: 21)
        == .leaf(PhysicalAddress(0x40_0000), shift: 21, isWritable: false))
  }

  @Test func `an arm64 table can deny stores below it`() {
    let decoder = EntryDecoder(.arm64(.fourKiB, addressBits: 48))
    let next = EntryDecoder.Table(address: 0x8000, shift: 12, indexBits: 9)
    #expect(decoder.decode(1 << 62 | 0x8003, at: 21) == .table(next, allowsStores: false))
    #expect(decoder.decode(1 << 61 | 0x8003, at: 21) == .table(next, allowsStores: true))
  }

  @Test func `a riscv page that is not dirty can be read but not written`() {
    let decoder = EntryDecoder(.riscv(levels: 4))
    let clean: UInt64 = 0x47
    #expect(
      decoder.decode(clean, at: 12) == .leaf(PhysicalAddress(0), shift: 12, isWritable: false))
  }

  @Test func `a riscv group of 16 pages is 64 KiB`() {
    let decoder = EntryDecoder(.riscv(levels: 3))
    let group: UInt64 = 1 << 63 | 0x12_0000 >> 2 | 0x8000 >> 2 | 0xC7
    #expect(
      decoder.decode(group, at: 12)
        == .leaf(PhysicalAddress(0x12_0000), shift: 16, isWritable: true))
  }

  @Test func `a power page that is not changed can be read but not written`() {
    let decoder = EntryDecoder(.powerRadix(.fourKiB))
    #expect(
      decoder.decode(0b11 << 62 | 0x10E, at: 12)
        == .leaf(PhysicalAddress(0), shift: 12, isWritable: false))
  }

  @Test func `arm64 knows spaces of other sizes`() {
    let threeLevels = EntryDecoder(.arm64(.fourKiB, addressBits: 39))
    #expect(threeLevels.top(at: PhysicalAddress(0)).shift == 30)
    #expect(threeLevels.top(at: PhysicalAddress(0)).indexBits == 9)
    let large = EntryDecoder(.arm64(.sixtyFourKiB, addressBits: 52))
    #expect(large.top(at: PhysicalAddress(0)).shift == 42)
    #expect(large.top(at: PhysicalAddress(0)).indexBits == 10)
  }

  @Test func `a regime that no processor has traps`() async {
    await #expect(processExitsWith: .failure) { _ = EntryDecoder(.riscv(levels: 6)) }
    await #expect(processExitsWith: .failure) { _ = EntryDecoder(.powerRadix(.sixteenKiB)) }
    await #expect(processExitsWith: .failure) {
      _ = EntryDecoder(.arm64(.fourKiB, addressBits: 52))
    }
  }
}
