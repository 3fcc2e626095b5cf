// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory that gets descriptors after boot, in one piece.
struct DescribedMemory {
  var frames: FrameRange
  /// Where frames for the descriptors should lie.
  var node: NodeID
  /// The order of the compound pages that the memory will consist of for as long as it is there;
  /// that of a base page if nothing is known.
  var folioOrder = PageOrder.page
  /// The zone whose tails compound pages may share.
  var zone: Zone?
}

/// Why memory got no descriptors; nothing has changed.
enum PopulationError: Error, Equatable {
  /// The range is not made of whole subsections, or its altmap is not at its start: `EINVAL`.
  case invalid
  /// Some of it has descriptors already: `EEXIST`.
  case exists
  /// No frame was left for descriptors or tables: `ENOMEM`.
  case outOfFrames
  /// Part of a section is described by folded descriptors: `EOPNOTSUPP`.
  case notSupported
}

/// Gives the descriptors of memory that comes after boot frames to live in, section by section, and
/// takes them back.
///
/// What is mapped is a property of the section: ordinary memory gets huge leaves where they can be
/// had, from its altmap if there is one; compound pages get few frames (`+Folded`). Callers are
/// serialised by the hot-plug lock.
///
/// - Linux: `sparse_add_section()`, `vmemmap_populate()`, `section_deactivate()` (spec 04 sections 5
///   and 8).
struct SectionPopulation {
  let optimizer: VmemmapOptimizer

  var tables: KernelPageTables { optimizer.tables }
  var vmemmap: Vmemmap { optimizer.vmemmap }
  var allocator: PageAllocator { optimizer.allocator }
  var sections: SectionTable { allocator.topology.sections }
  var format: PagingFormat { tables.format }

  /// The least that can be added: 2 MiB, or a page where pages are larger.
  ///
  /// - Unit: base pages.
  var granule: UInt { max(1, sections.order.pageCount / 64) }

  /// Maps the descriptors of `memory`.
  ///
  /// - Throws: ``PopulationError``; nothing has changed, `altmap` included.
  func add(_ memory: DescribedMemory, _ altmap: inout Altmap?) throws(PopulationError) {
    let frames = memory.frames
    guard !frames.isEmpty, frames.lowerBound.rawValue % granule == 0,
      frames.pageCount % granule == 0, altmap?.fits(frames) ?? true,
      sections.number(of: frames.upperBound.advanced(by: -1)).rawValue < sections.limit
    else { throw .invalid }
    let before = altmap
    let folding = folding(of: memory, hasAltmap: altmap != nil)
    var done = frames.lowerBound
    do throws(PopulationError) {
      while done < frames.upperBound {
        let piece = piece(of: frames, from: done)
        try add(piece, of: memory, folding, &altmap)
        done = piece.upperBound
      }
    } catch {
      var undone = memory
      undone.frames = frames.lowerBound..<done
      remove(undone, &altmap)
      altmap = before
      throw error
    }
    allocator.topology.noteEnd(frames.upperBound)
  }

  /// Unmaps the descriptors of `memory`, which was added in the same way, in this or larger pieces.
  ///
  /// - Precondition: all of it has descriptors, and nobody needs them any more.
  func remove(_ memory: DescribedMemory, _ altmap: inout Altmap?) {
    let folding = folding(of: memory, hasAltmap: altmap != nil)
    var done = memory.frames.lowerBound
    while done < memory.frames.upperBound {
      let piece = piece(of: memory.frames, from: done)
      remove(piece, of: memory, folding, &altmap)
      done = piece.upperBound
    }
  }

  /// The part of `frames` from `start` that lies in one section.
  private func piece(of frames: FrameRange, from start: PageFrameNumber) -> FrameRange {
    let section = sections.frames(of: sections.number(of: start))
    return start..<min(section.upperBound, frames.upperBound)
  }

  /// The bits of the subsections in `piece`, which lies in one section.
  private func subsections(of piece: FrameRange) -> UInt64 {
    let within = piece.lowerBound.rawValue & (sections.order.pageCount &- 1)
    let count = piece.pageCount / granule
    let ones: UInt64 = count >= 64 ? ~0 : (1 << UInt64(count)) - 1
    return ones << UInt64(within / granule)
  }

  private func isWhole(_ piece: FrameRange) -> Bool { piece.pageCount == sections.order.pageCount }

  // MARK: One section

  private func add(
    _ piece: FrameRange, of memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding?,
    _ altmap: inout Altmap?
  ) throws(PopulationError) {
    let number = sections.number(of: piece.lowerBound)
    let section = sections[number]
    let bits = subsections(of: piece)
    guard section.subsections & bits == 0 else { throw .exists }
    guard section.folioOrder == .page || section.subsections == 0 else { throw .notSupported }
    // Boot maps the descriptors of whole sections, so those of a hole in one are there already.
    let isMapped = section.marks.contains(.early)
    if !isMapped {
      try populate(piece, of: memory, folding, &altmap)
      count(piece, of: memory, folding, by: 1)
    }
    sections.makePageblocks(of: number, type: .movable)
    let sharesTails = !isMapped && isWhole(piece) && folding?.sharesTails == true
    sections.update(number) { section in
      section.marks.formUnion([.present, .hasMap])
      section.subsections |= bits
      if sharesTails { section.folioOrder = memory.folioOrder }
    }
  }

  private func populate(
    _ piece: FrameRange, of memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding?,
    _ altmap: inout Altmap?
  ) throws(PopulationError) {
    let addresses = vmemmap.addresses(describing: piece)
    do throws(PopulationError) {
      if let folding, !folding.sharesTails || isWhole(piece) {
        try populateFolded(piece, of: memory, folding)
      } else {
        try populatePlain(addresses, of: memory, isWhole: isWhole(piece), &altmap)
      }
    } catch {
      depopulate(addresses, &altmap)
      throw error
    }
  }

  private func remove(
    _ piece: FrameRange, of memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding?,
    _ altmap: inout Altmap?
  ) {
    let number = sections.number(of: piece.lowerBound)
    let bits = subsections(of: piece)
    let section = sections[number]
    precondition(section.subsections & bits == bits, "only memory with descriptors is removed")
    let isEmpty = section.subsections == bits
    let isEarly = section.marks.contains(.early)
    // Nobody finds a descriptor in the section from now on.
    sections.update(number) { section in
      section.subsections &= ~bits
      if isEmpty { section = MemorySection() }
    }
    if isEarly {
      if isEmpty { removeEarlyMap(of: number) }
      return
    }
    depopulate(vmemmap.addresses(describing: piece), &altmap)
    count(piece, of: memory, folding, by: -1)
  }

  /// Unmaps the descriptors of a section that was there at boot.
  private func removeEarlyMap(of number: SectionNumber) {
    let addresses = vmemmap.addresses(describing: sections.frames(of: number))
    var none: Altmap?
    depopulate(addresses, &none)
    let pages =
      (addresses.upperBound.rawValue - addresses.lowerBound.rawValue)
      >> format.pageSize.shift
    optimizer.accounting.bootPages.wrappingSubtract(Int(pages), ordering: .relaxed)
  }

  // MARK: Accounting

  /// Counts the vmemmap pages of `piece`, whose subsections are not marked yet or no longer, as the
  /// kernel does; but for a page that neighbours share, which counts once.
  ///
  /// - Source: spec 04 section 6.1.
  private func count(
    _ piece: FrameRange, of memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding?,
    by sign: Int
  ) {
    optimizer.accounting.runtimePages.wrappingAdd(
      sign * Int(countedPages(of: piece, memory, folding)), ordering: .relaxed)
  }

  private func countedPages(
    of piece: FrameRange, _ memory: DescribedMemory, _ folding: VmemmapDesign.DeviceFolding?
  ) -> UInt {
    guard let folding, !folding.countsFoldedPages,
      !folding.sharesTails || isWhole(piece)
    else {
      let pages = pagesOfTheirOwn(in: vmemmap.addresses(describing: piece))
      return (pages.upperBound.rawValue &- pages.lowerBound.rawValue) &>> format.pageSize.shift
    }
    let order = memory.folioOrder
    if order < sections.order {
      return piece.pageCount / order.pageCount &* folding.privatePageCount
    }
    let offset = piece.lowerBound.rawValue &- memory.frames.lowerBound.rawValue
    return offset % order.pageCount == 0 ? folding.privatePageCount : 0
  }
}
