// SPDX-License-Identifier: Apache-2.0

extension PagingFormat {
  /// Every format that there is.
  public static var all: InlineArray<10, PagingFormat> {
    [
      x86FourLevel, x86FiveLevel,
      arm64With4KPages, arm64With16KPages, arm64With64KPages,
      riscvSv39, riscvSv48, riscvSv57,
      powerRadixWith4KPages, powerRadixWith64KPages,
    ]
  }

  /// The format called `name`, in ASCII; nil if there is none.
  public static func named(_ name: some Sequence<UInt8>) -> PagingFormat? {
    let all = all
    for index in all.indices where all[index].isNamed(name) { return all[index] }
    return nil
  }

  private func isNamed(_ candidate: some Sequence<UInt8>) -> Bool {
    name.withUTF8Buffer { unsafe $0.elementsEqual(candidate) }
  }
}

extension PagingFormat {
  /// Whether the kernel can protect a page from its own stores (spec 03 predicate 12).
  public var distinguishesReadOnly: Bool { bits.readOnly != bits.readWrite }

  /// The order of the block that a table of `level` fills: a single page but for the root directory
  /// of a powerpc64 radix tree with 4 KiB pages.
  ///
  /// A table smaller than a page still takes a page of its own.
  public func tableOrder(ofLevel level: Int) -> PageOrder {
    PageOrder(holding: (8 &<< levels[level].bits) &>> pageSize.shift)
  }

  /// The first virtual address behind the descriptors of the whole physical span.
  public var vmemmapEnd: VirtualAddress {
    let pageCount: UInt = 1 &<< (physicalAddressBits &- pageSize.shift)
    return vmemmapBase.advanced(byBytes: pageCount &* 64)
  }
}
