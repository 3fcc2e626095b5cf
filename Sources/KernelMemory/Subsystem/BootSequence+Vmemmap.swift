// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension BootSequence {
  private var population: BootPopulation {
    BootPopulation(
      tables: tables, vmemmap: vmemmap, topology: topology, frames: frames,
      accounting: accounting)
  }

  /// Maps the descriptors of all present sections, node by node.
  ///
  /// A node without memory for its descriptors loses the sections that are left.
  mutating func populateSections() {
    for node in topology.nodes {
      let sections = presentSections(of: node)
      for number in sections
      where !topology.sections[number].marks.contains(.preinitialized) {
        do throws(OutOfTables) {
          try population.populate(number)
        } catch {
          _ = population.giveUp(from: number, of: sections)
          logShortage(of: number)
          break
        }
      }
    }
  }

  private mutating func logShortage(of number: SectionNumber) {
    var line = TextSink()
    line.append("sparse_init_nid: section ")
    line.appendDecimal(number.rawValue)
    line.append(": memory map backing failed. Some memory will not be available.")
    log.append(line.bytes)
  }

  /// The sections that begin with memory of `node`, ascending.
  private func presentSections(of node: MemoryNode) -> [SectionNumber] {
    var found: [SectionNumber] = []
    for memory in node.memory {
      let first = topology.sections.number(of: memory.lowerBound).rawValue
      let last = topology.sections.number(of: memory.upperBound.advanced(by: -1)).rawValue
      for number in first...last {
        let number = SectionNumber(number)
        let marks = topology.sections[number].marks
        if marks.contains(.present), !marks.contains(.hasMap), found.last != number {
          found.append(number)
        }
      }
    }
    return found
  }

  /// Maps the descriptors of gigantic pages folded, so that they never need frames of their own.
  ///
  /// Pages that do not fill whole sections, or for which memory is short, are left to
  /// ``populateSections()``; pages across zones are given back.
  mutating func foldGiganticPages() {
    for pool in hugeTLB.pools where pool.isGigantic {
      let lost = gigantic.discardPagesAcrossZones(of: pool.order, in: topology, to: frames)
      if lost > 0 { logDiscarded(lost, byteCount: pool.byteCount) }
    }
    guard optimizer.isEnabled.load(ordering: .relaxed) else { return }
    for (index, page) in gigantic.pages.enumerated() where canFoldEarly(page.folio) {
      if fold(page) { gigantic.setFolded(index) }
    }
  }

  private mutating func logDiscarded(_ count: Int, byteCount: UInt) {
    var line = TextSink()
    line.append("HugeTLB: ")
    line.appendBinarySize(byteCount)
    line.append(" page size: ")
    line.appendDecimal(UInt(count))
    line.append(count == 1 ? " invalid page discarded" : " invalid pages discarded")
    log.append(line.bytes)
  }

  /// Whole sections only, each described by whole tables of the vmemmap.
  private func canFoldEarly(_ folio: Folio) -> Bool {
    let described = format.pmdByteCount / DescriptorWords.byteCount
    return optimizer.savedPageCount(for: folio.order) > 0
      && folio.order >= topology.sections.order && folio.order.pageCount % described == 0
  }

  private func fold(_ page: GiganticBootPage) -> Bool {
    guard let zone = topology.zone(of: page.folio.head),
      let tail = sharedTail(for: zone, page.folio.order)
    else { return false }
    do throws(OutOfTables) {
      try population.populateFolded(page.folio, node: page.node, tail: tail)
    } catch {
      undoFold(of: page)
      return false
    }
    forEachSection(of: page.folio) { number in
      topology.sections.update(number) { $0.marks.formUnion([.hasMap, .preinitialized]) }
    }
    return true
  }

  /// The shared tail of a zone, from boot memory.
  private func sharedTail(for zone: Zone, _ order: PageOrder) -> PageFrameNumber? {
    if let page = optimizer.tails.existingPage(for: zone, order) { return page }
    let bytes = format.pageSize.byteCount
    guard let frame = frames.allocate(byteCount: bytes, near: zone.node) else { return nil }
    return optimizer.tails.publish(frame, for: zone, order)
  }

  /// Empties the entries that a failed fold left behind; the tables stay for the populate.
  private func undoFold(of page: GiganticBootPage) {
    let addresses = vmemmap.addresses(describing: page.folio.frames)
    let size = format.pageSize
    var address = addresses.lowerBound
    if let head = tables.frame(mappedAt: address) {
      frames.free(head..<head.advanced(by: 1))
    }
    while address < addresses.upperBound {
      if let table = tables.existingTable(for: address, level: 0) {
        table[format.index(of: address, at: 0)] = .absent
      }
      address = address.advanced(byBytes: size.byteCount)
    }
    machine.flushTranslations(of: addresses)
  }

  private func forEachSection(of folio: Folio, _ body: (SectionNumber) -> Void) {
    var pfn = folio.head
    while pfn < folio.frames.upperBound {
      body(topology.sections.number(of: pfn))
      pfn = PageFrameNumber(pfn.rawValue + topology.sections.order.pageCount)
    }
  }
}
