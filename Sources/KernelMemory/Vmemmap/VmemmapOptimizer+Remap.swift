// SPDX-License-Identifier: Apache-2.0

// The inner loops: they change the entries of one folio's vmemmap and cannot fail.

extension VmemmapOptimizer {
  /// Calls `body` with each last-level table that maps `range`, and the indexes it maps there.
  ///
  /// - Precondition: no huge leaf maps any of it.
  @inline(__always)
  func forEachTable(
    in range: Range<VirtualAddress>, _ body: (EntryTable, Range<UInt>) -> Void
  ) {
    let format = tables.format
    var address = range.lowerBound
    while address < range.upperBound {
      guard let table = tables.existingTable(for: address, level: 0) else {
        preconditionFailure("a vmemmap is split before its pages are remapped")
      }
      let first = format.index(of: address, at: 0)
      let left = (range.upperBound.rawValue &- address.rawValue) &>> format.pageSize.shift
      let count = min(left, (1 &<< format.levels[0].bits) &- first)
      body(table, first..<(first &+ count))
      address = address.advanced(byBytes: count &<< format.pageSize.shift)
    }
  }

  /// Maps the folio's first vmemmap page to `head`, if there is one, and all but the private ones
  /// to `tail`; frames that are no longer mapped are added to `freed`.
  func fold(
    _ folio: Folio, head: PageFrameNumber?, onto tail: PageFrameNumber,
    freed: inout FrameRuns
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
    // What falls out is collected as one run, so that it meets the runs of neighbouring folios.
    var run = PageFrameNumber(0)..<PageFrameNumber(0)
    forEachTable(in: start..<addresses.upperBound) { table, indexes in
      var index = indexes.lowerBound
      if let entry = headEntry {
        replace(index, of: table, by: entry, run: &run, freed: &freed)
        headEntry = nil
        index &+= 1
      }
      let stay = min(stayCount, indexes.upperBound &- index)
      stayCount &-= stay
      index &+= stay
      while index < indexes.upperBound {
        replace(index, of: table, by: shared, run: &run, freed: &freed)
        index &+= 1
      }
      machine.cost.add(UInt(indexes.count) &- stay, to: .entriesWritten)
    }
    freed.append(run, vmemmap)
    return PendingTLBFlush(start..<addresses.upperBound)
  }

  /// Writes `entry` over one entry; the frame it mapped prolongs `run`, and what `run` was before a
  /// gap is added to `freed`.
  @inline(__always)
  private func replace(
    _ index: UInt, of table: EntryTable, by entry: PageTableEntry, run: inout FrameRange,
    freed: inout FrameRuns
  ) {
    let pfn = vmemmap.pageSize.frame(containing: tables.format.address(in: table[index]))
    table[index] = entry
    if pfn == run.upperBound {
      run = run.lowerBound..<pfn.advanced(by: 1)
    } else {
      if !run.isEmpty { freed.append(run, vmemmap) }
      run = pfn..<pfn.advanced(by: 1)
    }
  }

  /// Maps each folded vmemmap page of `folio` to a frame of its own from `frames`: with the content
  /// it showed so far, or, where tails are to be blank, as the frames are.
  func unfold(
    _ folio: Folio, onto frames: inout FrameRuns, _ tails: RestoredTails
  ) -> PendingTLBFlush {
    let addresses = addresses(of: folio)
    let size = vmemmap.pageSize
    let start = addresses.lowerBound.advanced(byBytes: design.privatePageCount &<< size.shift)
    let format = tables.format
    forEachTable(in: start..<addresses.upperBound) { table, indexes in
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
