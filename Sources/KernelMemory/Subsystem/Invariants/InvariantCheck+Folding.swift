// SPDX-License-Identifier: Apache-2.0

// Folded descriptors (spec 05): a huge page that says "folded" is mapped as its kernel's design
// wants, no other page shares a frame, and every descriptor leads to its head.

extension InvariantCheck {
  mutating func checkFolding() {
    var sharing = foldedDevices
    folios.sort { $0.folio.head < $1.folio.head }
    for found in folios {
      guard let image = view.descriptor(of: found.folio.head), let zone = zone(of: found.folio.head)
      else { continue }
      checkHead(of: found, image, zone)
      if image.privateWord & VmemmapOptimizer.optimizedMark != 0 {
        sharing.append(foldedAddresses(of: found.folio))
        checkFolded(found.folio, zone)
      } else if found.place != .held {
        checkWhole(found.folio, zone)
      }
    }
    var expected = AddressRanges()
    sharing.sort { $0.lowerBound < $1.lowerBound }
    for range in sharing { expected.add(range) }
    compare(expected)
    for range in readOnly.ranges {
      report(.wholeWritable, .address(range.lowerBound))
    }
  }

  /// Only pages that say so are mapped folded; that they all are, is looked at page by page.
  private mutating func compare(_ expected: AddressRanges) {
    var wrong: [VirtualAddress] = []
    AddressRanges.forEachDifference(expected, folded) { range, isExpected in
      if !isExpected { wrong.append(range.lowerBound) }
    }
    for address in wrong { report(.unfoldedMapping, .address(address)) }
  }

  /// The addresses of the vmemmap pages that a folded `folio` has given up.
  private func foldedAddresses(of folio: Folio) -> Range<VirtualAddress> {
    let addresses = vmemmap.addresses(describing: folio.frames)
    let kept = subsystem.optimizer.design.privatePageCount &<< vmemmap.pageSize.shift
    return min(
      addresses.lowerBound.advanced(byBytes: kept), addresses.upperBound)..<addresses.upperBound
  }

  /// Head and inner tails, which every huge page has to itself.
  private mutating func checkHead(of found: FoundFolio, _ image: DescriptorImage, _ zone: Zone) {
    let folio = found.folio
    if image.flags >> 51 != zone.place >> 51 || !folio.isInOneZone(topology) {
      report(.headZone, at: folio.head)
    }
    if image.isTail || image.flags & vmemmap.format.head == 0 {
      report(.headMark, at: folio.head)
    }
    if found.place != .held, image.counts.type != PageType.hugeTLB.rawValue {
      report(.hugePageMark, at: folio.head)
    }
    let perPage = vmemmap.descriptorsPerPage
    let inner = min(perPage &* subsystem.optimizer.design.privatePageCount, folio.order.pageCount)
    checkTails(of: folio, zone, FrameRange(start: folio.head, pageCount: inner).dropFirst())
  }

  private mutating func checkTails(of folio: Folio, _ zone: Zone, _ frames: FrameRange) {
    let template = vmemmap.tailTemplate(for: folio, place: zone.place)
    let order = UInt64(folio.order.rawValue)
    let second = folio.head.advanced(by: 1)
    var lost: PageFrameNumber?
    var misplaced: PageFrameNumber?
    var written: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      if image.link != template.link || image.counts.references != 0 { lost = lost ?? pfn }
      if !image.isPlainTail { written = written ?? pfn }
      // The second descriptor's low byte has the order.
      let flags = pfn == second ? template.place | order : template.place
      if image.flags != flags { misplaced = misplaced ?? pfn }
    }
    if let lost { report(.tailHead, at: lost) }
    if let misplaced { report(.tailZone, at: misplaced) }
    if let written { report(.descriptorWords, at: written) }
  }

  /// A folded page has the mapping of its kernel's design.
  private mutating func checkFolded(_ folio: Folio, _ zone: Zone) {
    let optimizer = subsystem.optimizer
    guard optimizer.savedPageCount(for: folio.order) > 0 else {
      return report(.foldableOrder, at: folio.head)
    }
    let start = vmemmap.address(of: folio.head)
    guard let first = checkPrivatePages(of: folio, start) else { return }
    let size = vmemmap.pageSize
    if isSelfHosted(first.frame) {
      report(.selfHostedWhole, at: folio.head)
    }
    guard let tail = tailFrame(of: folio, zone, first: first.frame, start) else {
      return report(
        .sharedTailExists, at: folio.head)
    }
    let isGuarded = view.tables.format.distinguishesReadOnly
    for page in optimizer.design.privatePageCount..<vmemmap.pageCount(describing: folio.order) {
      let address = start.advanced(byBytes: page &<< size.shift)
      guard let mapping = view.mapping(of: address) else { continue }
      expect(
        optimizer.design.tailTarget == .sharedPage ? .sharedTailMapping : .ownTailMapping,
        .address(address), wanted: tail.rawValue, found: mapping.frame.rawValue)
      if isGuarded, mapping.isWritable {
        report(.tailReadOnly, .address(address))
      }
    }
  }

  /// Looks at the vmemmap pages that a folded page keeps, and returns how the first is mapped.
  private mutating func checkPrivatePages(
    of folio: Folio, _ start: VirtualAddress
  ) -> PageMapping? {
    var first: PageMapping?
    for page in 0..<subsystem.optimizer.design.privatePageCount {
      let address = start.advanced(byBytes: page &<< vmemmap.pageSize.shift)
      guard let mapping = view.mapping(of: address) else { return nil }
      first = first ?? mapping
      if mapping.level != 0 {
        report(.ownEntries, .address(address))
      }
      if !mapping.isWritable {
        report(.keptWritable, .address(address))
      }
    }
    return first
  }

  private func tailFrame(
    of folio: Folio, _ zone: Zone, first: PageFrameNumber, _ start: VirtualAddress
  ) -> PageFrameNumber? {
    switch subsystem.optimizer.design.tailTarget {
    case .sharedPage: subsystem.optimizer.tails.existingPage(for: zone, folio.order)
    case .ownHeadPage: first
    case .ownSecondPage:
      view.mapping(of: start.advanced(byBytes: vmemmap.pageSize.byteCount))?.frame
    }
  }

  private func isSelfHosted(_ backing: PageFrameNumber) -> Bool {
    guard let image = view.descriptor(of: backing) else { return false }
    return image.flags & vmemmap.format.selfHosted != 0
  }

  /// A page that is not folded has all its tails.
  private mutating func checkWhole(_ folio: Folio, _ zone: Zone) {
    let perPage = vmemmap.descriptorsPerPage
    let inner = perPage &* subsystem.optimizer.design.privatePageCount
    guard folio.order.pageCount > inner else { return }
    checkTails(
      of: folio, zone,
      PageFrameNumber(folio.head.rawValue &+ inner)..<folio.frames.upperBound)
  }
}

extension FrameRange {
  /// All but the first frame.
  fileprivate func dropFirst() -> FrameRange {
    isEmpty ? self : lowerBound.advanced(by: 1)..<upperBound
  }
}
