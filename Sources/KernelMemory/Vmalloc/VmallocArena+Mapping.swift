// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Areas that show what is not theirs: pages of somebody else, or the memory of a device.

extension VmallocArena {
  /// Shows `pages`, which stay their owner's, at addresses that lie together.
  ///
  /// - Throws: ``VmallocError``.
  /// - Linux: `vmap()`.
  func map(_ pages: [PageFrameNumber], caller: [UInt8] = []) throws(VmallocError) -> VmallocArea {
    guard !pages.isEmpty else { throw .empty }
    guard UInt(pages.count) <= allocator.managedPageCount.load(ordering: .relaxed) else {
      throw .exceedsMemory
    }
    let byteCount = UInt(pages.count) &<< pageSize.shift
    return try show(
      .list(pages),
      AreaWish(
        byteCount: byteCount, alignment: 1, flags: [.mapsPages], requestedByteCount: byteCount,
        caller: caller), largestLevel: 0)
  }

  /// Maps the memory of a device, with leaves as large as fit.
  ///
  /// - Returns: where its first byte appears.
  /// - Throws: ``VmallocError``.
  /// - Linux: `ioremap()`.
  func mapDevice(
    _ memory: Range<PhysicalAddress>, alignment: UInt = 1, caller: [UInt8] = []
  ) throws(VmallocError) -> VirtualAddress {
    guard !memory.isEmpty else { throw .empty }
    guard alignment.nonzeroBitCount == 1 else { throw .badAlignment }
    let limit = PhysicalAddress(1 &<< format.physicalAddressBits)
    guard memory.upperBound <= limit else { throw .notDeviceMemory }
    let first = pageSize.frame(containing: memory.lowerBound)
    let end = PageFrameNumber(pageSize.pageCount(roundingUp: memory.upperBound.rawValue))
    guard !isOrdinaryMemory(first..<end) else { throw .notDeviceMemory }
    let byteCount = (first..<end).pageCount &<< pageSize.shift
    let level = allowsHugeDeviceMappings ? format.largestDeviceLevel : 0
    let area = try show(
      .run(from: first),
      AreaWish(
        byteCount: byteCount, alignment: self.alignment(ofDevice: byteCount, alignment, level),
        flags: [.device], requestedByteCount: byteCount, caller: caller), largestLevel: level)
    return area.start.advanced(byBytes: memory.lowerBound.rawValue & (pageSize.byteCount &- 1))
  }

  /// Ends the mapping of a device's memory that shows a byte of its first page at `address`.
  ///
  /// - Throws: ``VfreeError``.
  /// - Linux: `iounmap()`.
  func unmapDevice(at address: VirtualAddress) throws(VfreeError) {
    try free(at: address.rounded(downToBytes: pageSize.byteCount))
  }

  /// Reserves addresses for pages that come and go later.
  ///
  /// - Throws: ``VmallocError``.
  /// - Linux: `get_vm_area()` with `VM_SPARSE`.
  func reserveSparse(byteCount: UInt, caller: [UInt8] = []) throws(VmallocError) -> VmallocArea {
    guard byteCount > 0 else { throw .empty }
    guard byteCount <= format.vmallocRange.byteCount else { throw .noRoom }
    let whole = pageSize.pageCount(roundingUp: byteCount) &<< pageSize.shift
    let area = try reserve(
      AreaWish(
        byteCount: whole, alignment: 1, flags: [.sparse], requestedByteCount: byteCount,
        caller: caller))
    complete(area)
    return area
  }

  /// Maps blocks of `order` into a part of a sparse area.
  ///
  /// - Throws: ``VmallocError/misaligned`` if addresses or pages are no whole blocks,
  ///   ``VmallocError/occupied(_:)``, ``VmallocError/outOfFrames``.
  /// - Linux: `vm_area_map_pages()`.
  func map(
    _ pages: [PageFrameNumber], in area: VmallocArea, at range: Range<VirtualAddress>,
    order: PageOrder = .page
  ) throws(VmallocError) {
    guard area.flags.contains(.sparse), range.clamped(to: area.usable) == range else {
      throw .misaligned
    }
    let mapping = RangeMapping(
      range: range, frames: .list(pages), largestLevel: format.leafLevel(of: order),
      pageSize: pageSize)
    guard mapping.consists(ofBlocksOf: order) else { throw .misaligned }
    try prepareTables(for: mapping, near: localNode)
    tables.commit(mapping)
  }

  /// Unmaps a part of a sparse area, and has every TLB forget it.
  ///
  /// - Throws: ``VfreeError/cutsLeaf(_:)`` or ``VfreeError/badAddress``.
  /// - Linux: `vm_area_unmap_pages()`.
  func unmap(_ range: Range<VirtualAddress>, of area: VmallocArea) throws(VfreeError) {
    guard area.flags.contains(.sparse), range.clamped(to: area.usable) == range,
      range.lowerBound.isAligned(toBytes: pageSize.byteCount),
      range.upperBound.isAligned(toBytes: pageSize.byteCount)
    else { throw .badAddress }
    do throws(CutLeaf) {
      try tables.unmap(range).commit(on: machine)
    } catch {
      throw .cutsLeaf(error.address)
    }
  }

  private func show(
    _ frames: RangeMapping.Frames, _ wish: AreaWish, largestLevel: Int
  ) throws(VmallocError) -> VmallocArea {
    let area = try reserve(wish)
    if case .run(let first) = frames { area.physicalAddress = pageSize.address(of: first) }
    let mapping = RangeMapping(
      range: area.usable, frames: frames, largestLevel: largestLevel, pageSize: pageSize)
    do throws(VmallocError) {
      try prepareTables(for: mapping, near: localNode)
    } catch {
      withdraw(area)
      throw error
    }
    tables.commit(mapping)
    complete(area)
    return area
  }

  /// What the addresses of a device's memory are a multiple of.
  ///
  /// - Source: spec 09 sections 1 and 7 (R6).
  private func alignment(ofDevice byteCount: UInt, _ wanted: UInt, _ level: Int) -> UInt {
    let smallLimit = pageSize.byteCount &<< 7
    let limit = level > 0 ? 1 &<< format.levels[level].shift : smallLimit
    let pages = pageSize.pageCount(roundingUp: byteCount)
    let own = min(PageOrder(holding: pages).pageCount &<< pageSize.shift, limit)
    switch policy.deviceAlignment {
    case .ownSize: return own
    case .largerOfBoth: return max(own, wanted)
    }
  }

  private func isOrdinaryMemory(_ frames: FrameRange) -> Bool {
    topology.nodes.contains { node in node.memory.contains { $0.overlaps(frames) } }
  }
}
