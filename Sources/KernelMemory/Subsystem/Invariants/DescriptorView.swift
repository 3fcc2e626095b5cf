// SPDX-License-Identifier: Apache-2.0

/// What a descriptor said when it was looked at.
struct DescriptorImage: Equatable {
  var flags: UInt64 = 0
  var link: UInt64 = 0
  var previous: UInt64 = 0
  var mapping: UInt64 = 0
  var index: UInt64 = 0
  var privateWord: UInt64 = 0
  var counts = DescriptorCounts(rawValue: 0)
  var owner: UInt64 = 0

  /// Whether it claims to be a tail.
  @inline(__always)
  var isTail: Bool { link & 1 == 1 }

  /// Whether it says more than its flags and counts.
  @inline(__always)
  var hasMoreThanCounts: Bool { link | previous | mapping | index | privateWord | owner != 0 }

  /// Whether nobody has any use for it: no type, no reference, on no list, no marks.
  @inline(__always)
  func isIdle(at place: UInt64) -> Bool {
    let idle = DescriptorCounts(references: 0).rawValue
    return (counts.rawValue == 0 || counts.rawValue == idle) && (flags == 0 || flags == place)
      && link | previous | mapping | privateWord == 0
  }
}

/// How the tables translate an address.
struct PageMapping {
  let frame: PageFrameNumber
  let isWritable: Bool
  /// The level of the leaf; 0 for a page with an entry of its own.
  let level: Int
}

/// Descriptors and tables as somebody finds them who trusts nobody: by walking the tables in
/// memory, without the MMU. So no TLB changes, and whatever is wrong is found instead of met.
@safe struct DescriptorView {
  let machine: Machine
  let tables: KernelPageTables
  let vmemmap: Vmemmap

  /// The table of `level` at `address`; nil if that is no place for one.
  @inline(__always)
  func table(at address: PhysicalAddress, level: Int) -> EntryTable? {
    let byteCount: UInt = 8 &<< tables.format.levels[level].bits
    guard address.rawValue & 7 == 0, address.rawValue < machine.span,
      byteCount <= machine.span &- address.rawValue
    else { return nil }
    return tables.table(at: address)
  }

  /// How the tables translate `address`; nil if they do not, or to where no memory is.
  @inline(__always)
  func mapping(of address: VirtualAddress) -> PageMapping? {
    var level = tables.format.levelCount &- 1
    var current = tables.root
    while let table = table(at: current, level: level) {
      let entry = table[tables.format.index(of: address, at: level)]
      switch tables.format.state(of: entry, at: level) {
      case .absent: return nil
      case .table(let next):
        current = next
        level &-= 1
      case .leaf(let start):
        let offset = address.rawValue & ((1 &<< tables.format.levels[level].shift) &- 1)
        let byte = start.advanced(byBytes: offset)
        guard byte.rawValue < machine.span else { return nil }
        return PageMapping(
          frame: vmemmap.pageSize.frame(containing: byte),
          isWritable: tables.format.isWritable(entry), level: level)
      }
    }
    return nil
  }

  /// What the descriptor of `pfn` says; nil if it is not mapped.
  @inline(__always)
  func descriptor(of pfn: PageFrameNumber) -> DescriptorImage? {
    let address = vmemmap.address(of: pfn)
    guard let mapping = mapping(of: address) else { return nil }
    let size = vmemmap.pageSize
    let offset = address.rawValue & (size.byteCount &- 1)
    return image(at: size.address(of: mapping.frame).advanced(byBytes: offset))
  }

  /// Calls `body` for each descriptor of `frames` that is mapped.
  @inline(__always)
  func forEachDescriptor(
    in frames: FrameRange, _ body: (PageFrameNumber, DescriptorImage) -> Void
  ) {
    let size = vmemmap.pageSize
    let perPage = vmemmap.descriptorsPerPage
    var pfn = frames.lowerBound.rawValue
    while pfn < frames.upperBound.rawValue {
      let end = min((pfn / perPage &+ 1) &* perPage, frames.upperBound.rawValue)
      let address = vmemmap.address(of: PageFrameNumber(pfn))
      if let mapping = mapping(of: address) {
        var byte = size.address(of: mapping.frame)
          .advanced(byBytes: address.rawValue & (size.byteCount &- 1))
        while pfn < end {
          body(PageFrameNumber(pfn), image(at: byte))
          byte = byte.advanced(byBytes: DescriptorWords.byteCount)
          pfn &+= 1
        }
      }
      pfn = end
    }
  }

  /// What the descriptor at the physical `address` says.
  @inline(__always)
  func image(at address: PhysicalAddress) -> DescriptorImage {
    DescriptorImage(
      flags: word(at: address, 0), link: word(at: address, 1), previous: word(at: address, 2),
      mapping: word(at: address, 3), index: word(at: address, 4),
      privateWord: word(at: address, 5),
      counts: DescriptorCounts(rawValue: word(at: address, 6)), owner: word(at: address, 7))
  }

  @inline(__always)
  private func word(at address: PhysicalAddress, _ index: Int) -> UInt64 {
    unsafe machine.pointer(to: address).load(fromByteOffset: index &* 8, as: UInt64.self)
  }

  /// The frame whose descriptor lies at the address in a link; nil if no descriptor does.
  func frame(at link: UInt64, below end: PageFrameNumber) -> PageFrameNumber? {
    let offset = UInt(link) &- vmemmap.base.rawValue
    guard offset % DescriptorWords.byteCount == 0 else { return nil }
    let pfn = PageFrameNumber(offset / DescriptorWords.byteCount)
    return pfn < end ? pfn : nil
  }
}
