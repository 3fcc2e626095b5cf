// SPDX-License-Identifier: Apache-2.0

// Compound pages of devices: of all their tails only those in private vmemmap pages differ.
//
//   vmemmap of a 2 MiB page        until 7.2                      unified
//     page 0  head and tails       frame A, writable              frame A, writable
//     page 1  tails                frame B, writable              shared tail of (zone, order),
//     page 2… tails                frame B again                  read-only

extension SectionPopulation {
  /// How the descriptors of `memory` are folded; nil if they are not, as never on an altmap.
  func folding(of memory: DescribedMemory, hasAltmap: Bool) -> VmemmapDesign.DeviceFolding? {
    guard let folding = optimizer.design.devices, !hasAltmap, memory.zone != nil,
      optimizer.design.supports(format), memory.folioOrder > .page,
      vmemmap.pageCount(describing: memory.folioOrder) > folding.largestUnfolded
    else { return nil }
    return folding
  }

  /// The vmemmap pages that each compound page of `memory` has to itself, as far as its descriptors
  /// lie in section `number`; nil if they are not folded there.
  func keptPageCount(
    in number: SectionNumber, of memory: DescribedMemory, hasAltmap: Bool
  ) -> UInt? {
    let section = sections[number]
    guard let folding = folding(of: memory, hasAltmap: hasAltmap),
      !section.marks.contains(.early), !folding.sharesTails || section.folioOrder > .page
    else { return nil }
    return folding.privatePageCount
  }

  /// Maps the descriptors of `piece`, whose compound pages begin at multiples of their size from the
  /// start of the memory.
  ///
  /// - Throws: ``PopulationError/outOfFrames``; what was mapped stays mapped.
  func populateFolded(
    _ piece: FrameRange, of memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding
  ) throws(PopulationError) {
    let order = memory.folioOrder
    var start = piece.lowerBound
    while start < piece.upperBound {
      let within = (start.rawValue &- memory.frames.lowerBound.rawValue) % order.pageCount
      let left = order.pageCount &- within
      let part = start..<min(PageFrameNumber(start.rawValue &+ left), piece.upperBound)
      try populate(part, within: within, of: memory, folding)
      start = part.upperBound
    }
  }

  /// Maps the descriptors of `part`, which begins `within` frames into a compound page.
  private func populate(
    _ part: FrameRange, within: UInt, of memory: DescribedMemory,
    _ folding: VmemmapDesign.DeviceFolding
  ) throws(PopulationError) {
    let page = format.pageSize.byteCount
    let end = vmemmap.addresses(describing: part).upperBound
    let size = (within &+ part.pageCount) &* DescriptorWords.byteCount
    let head = VirtualAddress(end.rawValue &- size)
    let outer = head.advanced(byBytes: folding.privatePageCount &* page)
    var address = head.advanced(byBytes: within &* DescriptorWords.byteCount)
      .rounded(downToBytes: page)
    // Sections that are small share a vmemmap page with their neighbours.
    if tables.frame(mappedAt: address) != nil { address = address.advanced(byBytes: page) }
    while address < min(outer, end) {
      try populatePage(at: address, of: memory)
      address = address.advanced(byBytes: page)
    }
    guard address < end else { return }
    // Until 7.2 the last page that a compound page has to itself is that of its tails, too; it may
    // lie in a section before.
    let tails =
      folding.sharesTails
      ? memory.zone.flatMap { optimizer.tails.page(for: $0, memory.folioOrder) }
      : tables.frame(mappedAt: VirtualAddress(outer.rawValue &- page))
    guard let tails else { throw .outOfFrames }
    try map(address..<end, onto: tails, of: memory, folding)
  }

  /// Maps all of `addresses` to the one frame `tails`, which gets a reference for each page.
  private func map(
    _ addresses: Range<VirtualAddress>, onto tails: PageFrameNumber, of memory: DescribedMemory,
    _ folding: VmemmapDesign.DeviceFolding
  ) throws(PopulationError) {
    let size = format.pageSize
    let entry =
      folding.sharesTails
      ? format.leaf(size.address(of: tails), at: 0, .readOnly)
      : format.leaf(size.address(of: tails), at: 0)
    var address = addresses.lowerBound
    while address < addresses.upperBound {
      let table: EntryTable
      do throws(OutOfTables) {
        table = try tables.makeTable(for: address, level: 0, from: source(near: memory.node))
      } catch {
        throw .outOfFrames
      }
      let first = format.index(of: address, at: 0)
      let left = size.pageCount(roundingUp: addresses.upperBound.rawValue &- address.rawValue)
      let count = min(left, (1 &<< format.levels[0].bits) &- first)
      for index in first..<(first &+ count) { table[index] = entry }
      vmemmap.addReferences(count, to: tails)
      vmemmap.machine.cost.add(count, to: .entriesWritten)
      address = address.advanced(byBytes: count &<< size.shift)
    }
  }
}
