// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory
import KernelMemoryLab

@Suite struct `Page-table walk` {
  /// P-PT 1.
  @Test(arguments: NamedFormat.all)
  func `finds the byte behind every size of leaf`(_ named: NamedFormat) throws {
    let format = named.format
    for level in 0..<format.levelCount where format.levels[level].allowsLeaf {
      let byteCount: UInt = 1 << format.levels[level].shift
      let address = format.vmemmapBase.rounded(downToBytes: byteCount)
      let tables = try HandMadeTables(format)
      tables.map(address, to: PhysicalAddress(byteCount), level: level)
      for offset in [0, 8, byteCount / 2 + 4, byteCount - 1] {
        let found = try tables.machine.walk(address.advanced(byBytes: offset))
        #expect(found.address == PhysicalAddress(byteCount + offset))
        #expect(found.isWritable)
        #expect(found.pageByteCount == byteCount)
      }
      let behind = address.advanced(byBytes: byteCount)
      #expect(throws: MachineFault.notMapped(behind)) { try tables.machine.walk(behind) }
    }
  }

  /// P-PT 3.
  @Test(arguments: NamedFormat.all)
  func `splitting a leaf by hand changes no translation`(_ named: NamedFormat) throws {
    let format = named.format
    let tables = try HandMadeTables(format)
    let base = format.vmemmapBase
    let memory = PhysicalAddress(format.pmdByteCount)
    tables.map(base, to: memory, level: 1)
    tables[tables.slot(for: base, level: 1)] = 0
    let page = format.pageSize.byteCount
    for offset in stride(from: 0, to: format.pmdByteCount, by: Int(page)) {
      tables.map(base.advanced(byBytes: offset), to: memory.advanced(byBytes: offset))
    }
    for offset in stride(from: 0, to: format.pmdByteCount, by: Int(page)) {
      let found = try tables.machine.walk(base.advanced(byBytes: offset + 40))
      #expect(found.address == memory.advanced(byBytes: offset + 40))
      #expect(found.pageByteCount == page)
    }
  }

  @Test(arguments: NamedFormat.all)
  func `faults at an absent entry of every level`(_ named: NamedFormat) throws {
    let tables = try HandMadeTables(named.format)
    let base = named.format.vmemmapBase
    for level in (0..<named.format.levelCount).reversed() {
      let slot = tables.slot(for: base, level: level)
      #expect(tables[slot] == 0)
      #expect(throws: MachineFault.notMapped(base)) { try tables.machine.walk(base) }
    }
  }

  @Test(arguments: NamedFormat.all)
  func `faults at a table outside the memory`(_ named: NamedFormat) throws {
    let format = named.format
    let tables = try HandMadeTables(format)
    let outside = PhysicalAddress(tables.machine.span)
    tables[tables.slot(for: format.vmemmapBase, level: 1)] =
      format.table(outside, ofLevel: 0).rawValue
    let index = format.index(of: format.vmemmapBase, at: 0)
    #expect(throws: MachineFault.noMemory(outside.advanced(byBytes: index * 8))) {
      try tables.machine.walk(format.vmemmapBase)
    }
  }

  @Test(arguments: NamedFormat.all)
  func `knows which addresses cannot be translated`(_ named: NamedFormat) throws {
    let format = named.format
    let machine = try HandMadeTables(format).machine
    let broken = VirtualAddress(format.vmemmapBase.rawValue ^ 1 << 61)
    #expect(throws: MachineFault.malformed(broken)) { try machine.walk(broken) }
    #expect(throws: MachineFault.notMapped(VirtualAddress(0))) {
      try machine.walk(VirtualAddress(0))
    }
    let last = VirtualAddress(format.regime.isPower ? 0xC00F_FFFF_FFFF_FFF8 : UInt.max - 7)
    #expect(throws: MachineFault.notMapped(last)) { try machine.walk(last) }
  }

  @Test func `an x86 page can be written only if every entry on the way says so`() throws {
    let tables = try HandMadeTables(.x86FourLevel)
    let base = PagingFormat.x86FourLevel.vmemmapBase
    tables.map(base, to: PhysicalAddress(0x10_0000))
    #expect(try tables.machine.walk(base).isWritable)
    for level in 0..<4 {
      let slot = tables.slot(for: base, level: level)
      tables[slot] &= ~2
      #expect(try !tables.machine.walk(base).isWritable)
      tables[slot] |= 2
    }
  }

  @Test func `an arm64 table takes the right to store from all pages below`() throws {
    let tables = try HandMadeTables(.arm64With4KPages)
    let base = PagingFormat.arm64With4KPages.vmemmapBase
    tables.map(base, to: PhysicalAddress(0x10_0000))
    for level in 1..<4 {
      let slot = tables.slot(for: base, level: level)
      tables[slot] |= 1 << 62
      #expect(try !tables.machine.walk(base).isWritable)
      tables[slot] &= ~(1 << 62)
    }
    #expect(try tables.machine.walk(base).isWritable)
  }

  @Test(arguments: NamedFormat.all)
  func `random tables never make a walk trap`(_ named: NamedFormat) throws {
    let format = named.format
    let machine = try HostedMachine(span: 1 << 20, regime: format.regime)
    var generator = SplitMix(seed: 0xBAD)
    let table = format.bits.table | (format.bits.tableCarriesIndexSize ? 9 : 0)
    for address in stride(from: 0, to: UInt(1 << 20), by: 8) {
      let kind = address % 64 == 0 ? format.bits.readWrite : table
      let entry = generator.next() & 0xF_FFFF & format.bits.frameMask | kind
      unsafe machine.pointer(to: PhysicalAddress(address)).storeBytes(
        of: format.bits.isBigEndian ? entry.byteSwapped : entry, as: UInt64.self)
    }
    machine.setTranslationRoot(PhysicalAddress(0x1_0000))
    let top = UInt.max << (format.regime.isPower ? 52 : format.addressBits)
    var landed = 0
    for _ in 0..<10_000 {
      let quadrant: UInt = format.regime.isPower ? 0xC00 << 52 : top
      let address = VirtualAddress(UInt(generator.next()) & ~top | quadrant)
      if (try? machine.walk(address)) != nil { landed += 1 }
      _ = try? machine.load(address.rounded(downToBytes: 8))
    }
    #expect(landed > 0)
  }
}

extension TranslationRegime {
  var isPower: Bool {
    if case .powerRadix = self { true } else { false }
  }
}
