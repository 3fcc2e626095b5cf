// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory
import KernelMemoryLab

/// The builder's formats and the MMU's decoder were written from the manuals one by one. Here they
/// meet.
@Suite struct `Entry decoder agrees with the paging formats` {
  @Test(arguments: NamedFormat.all)
  func `the walk starts in the table that the format calls the top`(_ named: NamedFormat) {
    let format = named.format
    let top = EntryDecoder(format.regime).top(at: PhysicalAddress(0x20_0000))
    #expect(top.address == 0x20_0000)
    #expect(top.shift == format.levels[format.levelCount - 1].shift)
    #expect(top.indexBits == format.levels[format.levelCount - 1].bits)
  }

  @Test(arguments: NamedFormat.all)
  func `an empty entry is absent at every level`(_ named: NamedFormat) {
    let decoder = EntryDecoder(named.format.regime)
    for level in 0..<named.format.levelCount {
      #expect(decoder.decode(0, at: named.format.levels[level].shift) == .absent)
    }
  }

  @Test(arguments: NamedFormat.all)
  func `a table entry leads to the level below`(_ named: NamedFormat) {
    let format = named.format
    let decoder = EntryDecoder(format.regime)
    for level in 1..<format.levelCount {
      let entry = format.table(highestPage(of: format), ofLevel: level - 1)
      let below = EntryDecoder.Table(
        address: highestPage(of: format).rawValue, shift: format.levels[level - 1].shift,
        indexBits: format.levels[level - 1].bits)
      #expect(
        decoder.decode(entry.rawValue, at: format.levels[level].shift)
          == .table(below, allowsStores: true))
    }
  }

  @Test(arguments: NamedFormat.all)
  func `a base page can be written, or only read where the architecture can tell`(
    _ named: NamedFormat
  ) {
    let format = named.format
    let decoder = EntryDecoder(format.regime)
    let page = highestPage(of: format)
    let shift = format.pageSize.shift
    let readWrite = format.leaf(page, at: 0, .readWrite).rawValue
    let readOnly = format.leaf(page, at: 0, .readOnly).rawValue
    #expect(decoder.decode(readWrite, at: shift) == .leaf(page, shift: shift, isWritable: true))
    #expect(
      decoder.decode(readOnly, at: shift)
        == .leaf(page, shift: shift, isWritable: !format.distinguishesReadOnly))
  }

  @Test(arguments: NamedFormat.all)
  func `a huge leaf exists at the levels that allow it and nowhere else`(_ named: NamedFormat) {
    let format = named.format
    let decoder = EntryDecoder(format.regime)
    for index in 1..<format.levelCount {
      let level = format.levels[index]
      let block = PhysicalAddress(1 << level.shift)
      let entry = format.leaf(block, at: index).rawValue
      #expect(
        decoder.decode(entry, at: level.shift)
          == (level.allowsLeaf
            ? .leaf(block, shift: level.shift, isWritable: true) : .malformed))
      guard level.allowsLeaf else { continue }
      let unaligned = format.leaf(block.advanced(byBytes: 1 << (level.shift - 1)), at: index)
      #expect(decoder.decode(unaligned.rawValue, at: level.shift) == .malformed)
    }
  }

  @Test(arguments: NamedFormat.all)
  func `the format reads its own entries as the decoder does`(_ named: NamedFormat) {
    let format = named.format
    for level in 0..<format.levelCount where format.levels[level].allowsLeaf {
      let block = PhysicalAddress(1 << format.levels[level].shift)
      let leaf = format.leaf(block, at: level)
      #expect(format.state(of: leaf, at: level) == .leaf(block))
      #expect(format.isWritable(leaf))
    }
    for level in 1..<format.levelCount {
      let table = highestPage(of: format)
      #expect(format.state(of: format.table(table, ofLevel: level - 1), at: level) == .table(table))
    }
    let readOnly = format.leaf(PhysicalAddress(0), at: 0, .readOnly)
    #expect(format.isWritable(readOnly) == !format.distinguishesReadOnly)
  }

  @Test(arguments: NamedFormat.all)
  func `any 64 bits get a verdict that a walk can act on`(_ named: NamedFormat) {
    let format = named.format
    let decoder = EntryDecoder(format.regime)
    var generator = SplitMix(seed: 0x5EED)
    for _ in 0..<20_000 {
      let level = Int.random(in: 0..<format.levelCount, using: &generator)
      // Half of the entries keep the reserved bits clear, so that all verdicts come up.
      let noise = generator.next()
      let kind = Bool.random(using: &generator) ? format.bits.readWrite : format.bits.table
      let entry = Bool.random(using: &generator) ? noise : noise & format.bits.frameMask | kind
      switch decoder.decode(entry, at: format.levels[level].shift) {
      case .absent, .malformed: break
      case .table(let table, _):
        #expect(level > 0)
        #expect(table.shift < format.levels[level].shift)
        #expect(table.address % 256 == 0)
      case .leaf(let address, let shift, _):
        #expect(address.rawValue & ((1 << shift) - 1) == 0)
      }
    }
  }

  /// The last base page of the physical span: it has all address bits set.
  private func highestPage(of format: PagingFormat) -> PhysicalAddress {
    PhysicalAddress((1 << format.physicalAddressBits) - format.pageSize.byteCount)
  }
}
