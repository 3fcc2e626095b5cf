// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Paging formats` {
  /// P-PT 16.
  @Test(arguments: NamedFormat.all)
  func `a level maps what the whole table below it maps`(_ named: NamedFormat) {
    let format = named.format
    #expect(format.levels[0].shift == format.pageSize.shift)
    for level in 1..<format.levelCount {
      let below = format.levels[level - 1]
      #expect(format.levels[level].shift - below.shift == below.bits)
    }
    let top = format.levels[format.levelCount - 1]
    #expect(top.shift + top.bits == format.addressBits)
  }

  @Test(arguments: NamedFormat.all)
  func `levels are named upwards from PTE and end with PGD`(_ named: NamedFormat) {
    let names = (0..<named.format.levelCount).map { named.format.levels[$0].name }
    #expect(names == names.sorted())
    #expect(Set(names).count == names.count)
    #expect(names.first == .pte)
    #expect(names[1] == .pmd)
    #expect(names.last == .pgd)
    #expect((0..<2).allSatisfy { named.format.levels[$0].allowsLeaf })
  }

  /// P-PT 17.
  @Test(arguments: NamedFormat.all)
  func `a PMD leaf is as many pages as a PTE table has entries`(_ named: NamedFormat) {
    let format = named.format
    #expect(format.pmdByteCount >> format.pageSize.shift == 1 << format.levels[0].bits)
    #expect(format.defaultHugePageOrder.pageCount == 1 << format.levels[0].bits)
  }

  /// P-PT 18.
  @Test(arguments: [PagingFormat.x86FourLevel, .x86FiveLevel].map { NamedFormat(format: $0) })
  func `x86 read-only is neither writable nor dirty, read-write is both`(_ named: NamedFormat) {
    let bits = named.format.bits
    let writable: UInt64 = 1 << 1
    let dirty: UInt64 = 1 << 6
    #expect(bits.readOnly & (writable | dirty) == 0)
    #expect(bits.readWrite & (writable | dirty) == writable | dirty)
    #expect(bits.readOnly | writable | dirty == bits.readWrite)
  }

  @Test(arguments: NamedFormat.all)
  func `flags of an entry stay clear of its frame`(_ named: NamedFormat) {
    let bits = named.format.bits
    for flags in [bits.present, bits.table, bits.readWrite, bits.readOnly, bits.hugeReadWrite] {
      #expect(flags & bits.frameMask == 0)
    }
    for flags in [bits.table, bits.readWrite, bits.readOnly, bits.hugeReadWrite] {
      #expect(flags & bits.present == bits.present)
    }
  }

  @Test(arguments: NamedFormat.all)
  func `the descriptors of the largest folio start on their own size`(_ named: NamedFormat) {
    let format = named.format
    #expect(format.vmemmapBase.rawValue % format.vmemmapAlignment == 0)
    #expect(format.vmemmapBase.rawValue % format.pmdByteCount == 0)
    #expect(format.largestFolioOrder.pageCount << format.pageSize.shift == 16 << 30)
  }

  @Test func `with 4 KiB pages that is 256 MiB`() {
    #expect(PagingFormat.x86FourLevel.vmemmapAlignment == 256 << 20)
    #expect(PagingFormat.arm64With16KPages.vmemmapAlignment == 64 << 20)
    #expect(PagingFormat.powerRadixWith64KPages.vmemmapAlignment == 16 << 20)
  }

  @Test(arguments: NamedFormat.all)
  func `vmemmap and direct map have room in the kernel's half and do not meet`(
    _ named: NamedFormat
  ) {
    let format = named.format
    let decoder = EntryDecoder(format.regime)
    let directMapEnd = format.directMapBase.advanced(byBytes: 1 << format.physicalAddressBits)
    for address in [
      format.vmemmapBase, VirtualAddress(format.vmemmapEnd.rawValue - 1), format.directMapBase,
      VirtualAddress(directMapEnd.rawValue - 1),
    ] {
      #expect(decoder.space(of: address) == .kernel)
      #expect(address.rawValue >> 63 == 1)
    }
    #expect(format.vmemmapBase < format.vmemmapEnd)
    #expect(format.directMapBase < directMapEnd)
    #expect(directMapEnd <= format.vmemmapBase || format.vmemmapEnd <= format.directMapBase)
  }

  @Test(arguments: NamedFormat.all)
  func `all tables fill one page but a power root of 4 KiB pages`(_ named: NamedFormat) {
    let format = named.format
    for level in 0..<format.levelCount {
      let isLarge = format.name.isSame(as: "powerpc64-4k") && level == 3
      #expect(format.tableOrder(ofLevel: level) == PageOrder(isLarge ? 4 : 0))
    }
  }

  /// P-PT 12.
  @Test func `only riscv has no read-only pages`() {
    let without = NamedFormat.all.filter { !$0.format.distinguishesReadOnly }
    #expect(without.map(\.testDescription) == ["riscv64-sv39", "riscv64-sv48", "riscv64-sv57"])
  }

  @Test func `live entries change their frame on x86 and riscv`() {
    let live = NamedFormat.all.filter { $0.format.allowsLiveRemap }.map(\.testDescription)
    #expect(live == ["x86_64", "x86_64-la57", "riscv64-sv39", "riscv64-sv48", "riscv64-sv57"])
  }

  @Test func `descriptors are mapped with huge leaves but where a leaf spans too many sections`() {
    let base = NamedFormat.all.filter { !$0.format.populatesHugeVmemmap }.map(\.testDescription)
    #expect(base == ["arm64-16k", "arm64-64k"])
  }

  @Test(arguments: NamedFormat.all)
  func `a name finds its format`(_ named: NamedFormat) throws {
    let found = try #require(PagingFormat.named(named.testDescription.utf8))
    #expect(found.regime == named.format.regime)
    #expect(found.vmemmapBase == named.format.vmemmapBase)
  }

  @Test(arguments: ["", "x86", "x86_64 ", "X86_64", "arm64", "x86_64-la5", "\u{0}"])
  func `other names find nothing`(name: String) {
    #expect(PagingFormat.named(name.utf8) == nil)
  }
}

@Suite struct `Block sizes` {
  /// The huge page sizes of spec 03 section 3, in KiB, by name of the format.
  @Test(
    arguments: [
      ("x86_64", [2 << 10, 1 << 20]),
      ("x86_64-la57", [2 << 10, 1 << 20]),
      ("arm64-4k", [64, 2 << 10, 32 << 10, 1 << 20]),
      ("arm64-16k", [2 << 10, 32 << 10, 1 << 20]),
      ("arm64-64k", [2 << 10, 512 << 10, 16 << 20]),
      ("riscv64-sv39", [64, 2 << 10, 1 << 20]),
      ("riscv64-sv48", [64, 2 << 10, 1 << 20]),
      ("riscv64-sv57", [64, 2 << 10, 1 << 20]),
      ("powerpc64-4k", [2 << 10, 1 << 20]),
      ("powerpc64-64k", [2 << 10, 1 << 20]),
    ] as [(String, [UInt])])
  func `huge pages have the sizes of the architecture`(name: String, kibibytes: [UInt]) throws {
    let format = try #require(PagingFormat.named(name.utf8))
    let sizes = format.hugePageOrders.map { $0.pageCount * format.pageSize.byteCount / 1024 }
    #expect(sizes == kibibytes)
    #expect(format.hugePageOrders.count == kibibytes.count)
    #expect(format.hugePageOrders.contains(format.defaultHugePageOrder))
    #expect(!format.hugePageOrders.contains(.page))
    #expect(format.hugePageOrders.allSatisfy { $0 <= format.largestFolioOrder })
  }

  /// Default huge page, pageblock and largest buddy block (spec 02 section 1).
  @Test(
    arguments: [
      ("x86_64", [9, 9, 10]), ("x86_64-la57", [9, 9, 10]), ("arm64-4k", [9, 9, 10]),
      ("arm64-16k", [11, 11, 11]), ("arm64-64k", [13, 13, 13]), ("riscv64-sv39", [9, 9, 10]),
      ("riscv64-sv48", [9, 9, 10]), ("riscv64-sv57", [9, 9, 10]), ("powerpc64-4k", [9, 9, 12]),
      ("powerpc64-64k", [5, 5, 8]),
    ] as [(String, [Int])])
  func `orders follow the page size`(name: String, orders: [Int]) throws {
    let format = try #require(PagingFormat.named(name.utf8))
    #expect(
      [format.defaultHugePageOrder, format.pageblockOrder, format.maximumOrder]
        == orders.map { PageOrder($0) })
  }

  @Test(arguments: NamedFormat.all)
  func `a section holds whole buddy blocks`(_ named: NamedFormat) {
    let format = named.format
    #expect(UInt(format.maximumOrder.rawValue) + format.pageSize.shift <= format.sectionShift)
  }
}

extension StaticString {
  fileprivate func isSame(as other: String) -> Bool { "\(self)" == other }
}
