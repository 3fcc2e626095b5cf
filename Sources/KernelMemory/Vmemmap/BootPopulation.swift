// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Gives the descriptors of boot memory frames to live in.
///
/// Each present section is populated whole, even if memory ends in its middle, with one huge leaf
/// where the architecture does so and a block can be had.
///
/// - Linux: `sparse_init()`, `vmemmap_populate()` (spec 04 sections 3 and 4).
struct BootPopulation {
  let tables: KernelPageTables
  let vmemmap: Vmemmap
  let topology: MemoryTopology
  let frames: BootFrames
  let accounting: VmemmapAccounting

  /// Maps the descriptors of the section `number`.
  ///
  /// - Throws: ``OutOfTables`` if memory is short; what was mapped stays mapped.
  func populate(_ number: SectionNumber) throws(OutOfTables) {
    let section = topology.sections.frames(of: number)
    let node = topology.nodeID(of: firstMemory(in: section)) ?? NodeID(0)
    let addresses = vmemmap.addresses(describing: section)
    var address = addresses.lowerBound.rounded(downToBytes: vmemmap.pageSize.byteCount)
    while address < addresses.upperBound {
      address = try populateStep(at: address, end: addresses.upperBound, node: node)
    }
    topology.sections.update(number) { $0.marks.insert(.hasMap) }
  }

  private func firstMemory(in section: FrameRange) -> PageFrameNumber {
    for node in topology.nodes {
      for memory in node.memory where memory.overlaps(section) {
        return max(memory.lowerBound, section.lowerBound)
      }
    }
    return section.lowerBound
  }

  /// Maps the block or page at `address`, and returns where the next begins.
  private func populateStep(
    at address: VirtualAddress, end: VirtualAddress, node: NodeID
  ) throws(OutOfTables) -> VirtualAddress {
    let block = tables.format.pmdByteCount
    let next = address.advanced(byBytes: block)
    if tables.format.populatesHugeVmemmap, address.rawValue & (block &- 1) == 0, next <= end,
      tables.frame(mappedAt: address) == nil,
      let frame = frames.allocate(byteCount: block, near: node)
    {
      try tables.mapBlock(at: address, to: frame, from: frames)
      count(block &>> vmemmap.pageSize.shift)
      return next
    }
    if tables.frame(mappedAt: address) == nil { try populatePage(at: address, node: node) }
    return address.advanced(byBytes: vmemmap.pageSize.byteCount)
  }

  private func populatePage(at address: VirtualAddress, node: NodeID) throws(OutOfTables) {
    guard let frame = frames.allocate(byteCount: vmemmap.pageSize.byteCount, near: node) else {
      throw OutOfTables()
    }
    try tables.mapPage(at: address, to: frame, .readWrite, from: frames)
    count(1)
  }

  func count(_ pages: UInt) {
    accounting.bootPages.wrappingAdd(Int(pages), ordering: .relaxed)
  }

  /// Takes the presence of `number` and all later sections of the same node away, because no
  /// memory is left for their descriptors.
  ///
  /// - Returns: the number of sections lost.
  func giveUp(from number: SectionNumber, of sections: [SectionNumber]) -> Int {
    let lost = sections.filter { $0 >= number }
    for section in lost {
      topology.sections.update(section) { $0.marks.subtract([.present, .online, .hasMap]) }
    }
    return lost.count
  }
}

extension BootPopulation {
  /// Maps the descriptors of a gigantic page folded from the start: a head page of its own, and the
  /// shared tail for the rest.
  ///
  /// The tail's content and protection come later, when zones have their final shape.
  ///
  /// - Throws: ``OutOfTables``; what was mapped stays mapped and is found by a populate.
  /// - Linux: `vmemmap_populate_hvo()` (spec 04 section 7).
  func populateFolded(
    _ folio: Folio, node: NodeID, tail: PageFrameNumber
  ) throws(OutOfTables) {
    let size = vmemmap.pageSize
    let addresses = vmemmap.addresses(describing: folio.frames)
    guard let head = frames.allocate(byteCount: size.byteCount, near: node) else {
      throw OutOfTables()
    }
    try tables.mapPage(at: addresses.lowerBound, to: head, .readWrite, from: frames)
    var address = addresses.lowerBound.advanced(byBytes: size.byteCount)
    while address < addresses.upperBound {
      let table = try tables.makeTable(for: address, level: 0, from: frames)
      let first = tables.format.index(of: address, at: 0)
      let left = (addresses.upperBound.rawValue &- address.rawValue) &>> size.shift
      let count = min(left, (1 &<< tables.format.levels[0].bits) &- first)
      let entry = tables.format.leaf(size.address(of: tail), at: 0, .readOnly)
      for index in first..<(first &+ count) { table[index] = entry }
      tables.machine.cost.add(count, to: .entriesWritten)
      address = address.advanced(byBytes: count &<< size.shift)
    }
    count(1)
  }
}
