// SPDX-License-Identifier: Apache-2.0

// The inner loops: they change the entries of one folio's vmemmap and cannot fail.

extension VmemmapOptimizer {
  /// Removes from `range` what its first last-level table maps, and tells where that is mapped; nil if
  /// the range is empty.
  ///
  /// - Precondition: no huge leaf maps any of it.
  @inline(__always)
  func popTable(
    of range: inout Range<VirtualAddress>, _ cursor: inout TableCursor
  ) -> (table: EntryTable, indexes: Range<UInt>)? {
    guard !range.isEmpty else { return nil }
    guard let table = cursor.table(for: range.lowerBound, in: tables) else {
      preconditionFailure("a vmemmap is split before its pages are remapped")
    }
    let shift = vmemmap.pageSize.shift
    let end = min(range.upperBound, cursor.addresses.upperBound)
    let first = (range.lowerBound.rawValue &- cursor.addresses.lowerBound.rawValue) &>> shift
    let count = (end.rawValue &- range.lowerBound.rawValue) &>> shift
    range = end..<range.upperBound
    return (table, first..<(first &+ count))
  }

  /// Maps the folio's first vmemmap page to `head`, if there is one, and all but the private ones
  /// to `tail`; the batch gets the frames that are no longer mapped.
  func fold(
    _ folio: Folio, head: PageFrameNumber?, onto tail: PageFrameNumber,
    in batch: inout FoldingBatch
  ) -> PendingTLBFlush {
    let addresses = addresses(of: folio)
    let size = vmemmap.pageSize
    let format = tables.format
    let kept = addresses.lowerBound.advanced(byBytes: design.privatePageCount &<< size.shift)
    let start = head == nil ? kept : addresses.lowerBound
    let shared = format.leaf(size.address(of: tail), at: 0, .readOnly)
    // The head's page comes first, then those that are private and stay, then the shared ones.
    var headEntry = head.map { format.leaf(size.address(of: $0), at: 0) }
    var stayCount = head == nil ? 0 : design.privatePageCount &- 1
    var rest = start..<addresses.upperBound
    while let (table, indexes) = popTable(of: &rest, &batch.cursor) {
      var first = indexes.lowerBound
      if let entry = headEntry {
        let old = size.frame(containing: format.address(in: table[first]))
        table[first] = entry
        batch.freed.append(old..<old.advanced(by: 1), vmemmap)
        headEntry = nil
        first &+= 1
      }
      let stay = min(stayCount, indexes.upperBound &- first)
      stayCount &-= stay
      replace((first &+ stay)..<indexes.upperBound, of: table, by: shared, &batch.freed)
      machine.cost.add(UInt(indexes.count) &- stay, to: .entriesWritten)
    }
    return PendingTLBFlush(start..<addresses.upperBound)
  }

  /// Writes `entry` over some entries; the frames they mapped are added to `freed`.
  @inline(__always)
  private func replace(
    _ indexes: Range<UInt>, of table: EntryTable, by entry: PageTableEntry,
    _ freed: inout FrameRuns
  ) {
    let size = vmemmap.pageSize
    var index = indexes.lowerBound
    while index < indexes.upperBound {
      let first = size.frame(containing: tables.format.address(in: table[index]))
      let end = table.replaceNeighbours(
        in: index..<indexes.upperBound, by: entry, format: tables.format)
      freed.append(FrameRange(start: first, pageCount: end &- index), vmemmap)
      index = end
    }
  }

  /// Maps each folded vmemmap page of `folio` to a frame of its own from `frames`: with the content
  /// it showed so far, or, where tails are to be blank, as the frames are.
  func unfold(
    _ folio: Folio, onto frames: inout FrameRuns, _ tails: RestoredTails,
    _ cursor: inout TableCursor
  ) -> PendingTLBFlush {
    let addresses = addresses(of: folio)
    let size = vmemmap.pageSize
    let start = addresses.lowerBound.advanced(byBytes: design.privatePageCount &<< size.shift)
    let format = tables.format
    var rest = start..<addresses.upperBound
    while let (table, indexes) = popTable(of: &rest, &cursor) {
      var index = indexes.lowerBound
      while index < indexes.upperBound {
        guard let run = frames.popFrames(upTo: indexes.upperBound &- index, vmemmap) else {
          preconditionFailure("a restore has its frames before it starts")
        }
        for pfn in run {
          if tails == .whole { copyTails(from: format.address(in: table[index]), to: pfn) }
          table[index] = format.leaf(size.address(of: pfn), at: 0)
          index &+= 1
        }
        // A kernel copies here, whatever becomes of the folio, and it is asked what that costs.
        machine.cost.add(run.pageCount &<< size.shift, to: .bytesCopied)
      }
      machine.cost.add(UInt(indexes.count), to: .entriesWritten)
    }
    return PendingTLBFlush(start..<addresses.upperBound)
  }

  /// Copies a vmemmap page that tails were folded onto.
  ///
  /// If that is the folio's head page, its first three descriptors are no tails: the next three,
  /// which are, take their place (spec 05 section 7.2).
  @inline(__always)
  private func copyTails(from source: PhysicalAddress, to pfn: PageFrameNumber) {
    let size = vmemmap.pageSize
    let target = unsafe machine.pointer(to: size.address(of: pfn))
    unsafe target.copyMemory(
      from: machine.pointer(to: source), byteCount: Int(bitPattern: size.byteCount))
    if design.tailTarget == .ownHeadPage {
      let special = 3 * Int(DescriptorWords.byteCount)
      unsafe target.copyMemory(from: target + special, byteCount: special)
    }
  }

  /// Copies the folio's first vmemmap page to the frame that will replace it.
  @inline(__always)
  func copyHeadPage(of folio: Folio, to pfn: PageFrameNumber) {
    let size = vmemmap.pageSize
    unsafe vmemmap.withPage(startingAt: folio.head, for: .load) { source in
      unsafe machine.pointer(to: size.address(of: pfn))
        .copyMemory(from: source, byteCount: Int(bitPattern: size.byteCount))
    }
    machine.cost.add(size.byteCount, to: .bytesCopied)
  }
}
