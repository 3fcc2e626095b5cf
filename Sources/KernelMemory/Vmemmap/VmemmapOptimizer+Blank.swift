// SPDX-License-Identifier: Apache-2.0

// Descriptors of memory that is about to be free say nothing to anybody: they become blank again.
// A kernel visits each tail to take its marks off; dropping the contents of whole frames does the
// same for all of them, and a simulated host's memory is the real host's again. Those of a folded
// folio get frames that are blank already.

extension VmemmapOptimizer {
  /// Adds the frames of the folio's vmemmap pages, but for the first, to `runs`.
  ///
  /// - Precondition: the folio is not folded.
  func collectOuterPages(of folio: Folio, in runs: inout FrameRuns) {
    let addresses = addresses(of: folio)
    let size = vmemmap.pageSize
    var address = addresses.lowerBound.advanced(byBytes: size.byteCount)
    while address < addresses.upperBound {
      let step = address.rounded(downToBytes: tables.format.pmdByteCount)
        .advanced(byBytes: tables.format.pmdByteCount)
      let part = address..<min(step, addresses.upperBound)
      // Of a gigantic folio's vmemmap, some leaves may be split and others not.
      if tables.existingTable(for: address, level: 0) == nil {
        collectFromLeaf(part, in: &runs)
      } else {
        collectFromTable(part, in: &runs)
      }
      address = part.upperBound
    }
  }

  /// Makes the descriptors in all vmemmap pages of `folio` but the first blank.
  ///
  /// - Precondition: the folio is not folded.
  func blankOuterPages(of folio: Folio) {
    var runs = FrameRuns()
    collectOuterPages(of: folio, in: &runs)
    blank(&runs)
  }

  /// Adds the frames of the vmemmap pages that are never folded away, but for the first, to `runs`.
  func collectPrivatePages(of folio: Folio, in runs: inout FrameRuns) {
    let size = vmemmap.pageSize
    let start = addresses(of: folio).lowerBound
    let end = start.advanced(byBytes: design.privatePageCount &<< size.shift)
    collectFromTable(start.advanced(byBytes: size.byteCount)..<end, in: &runs)
  }

  /// Makes the descriptors in the vmemmap pages that are never folded away, but for the first, blank.
  ///
  /// - Precondition: every CPU has flushed since the folio was unfolded: tails may have been mapped to
  ///   these pages, and who still sees them there must see tails.
  func blankPrivatePages(of folio: Folio) {
    var runs = FrameRuns()
    collectPrivatePages(of: folio, in: &runs)
    blank(&runs)
  }

  /// Adds the frames that map `range`, which has entries of its own, to `runs`.
  private func collectFromTable(_ range: Range<VirtualAddress>, in runs: inout FrameRuns) {
    var (rest, cursor) = (range, TableCursor())
    while let (table, indexes) = popTable(of: &rest, &cursor) {
      for index in indexes {
        let pfn = vmemmap.pageSize.frame(containing: tables.format.address(in: table[index]))
        runs.append(pfn..<pfn.advanced(by: 1), vmemmap)
      }
    }
  }

  /// Adds the frames that map `range`, part of one huge leaf, to `runs`.
  private func collectFromLeaf(_ range: Range<VirtualAddress>, in runs: inout FrameRuns) {
    guard let first = tables.frame(mappedAt: range.lowerBound) else {
      preconditionFailure("the descriptors of memory in use are mapped")
    }
    let count =
      (range.upperBound.rawValue &- range.lowerBound.rawValue) &>> vmemmap.pageSize.shift
    runs.append(FrameRange(start: first, pageCount: count), vmemmap)
  }

  /// Makes all descriptors in the frames of `runs` blank.
  func blank(_ runs: inout FrameRuns) {
    let size = vmemmap.pageSize
    while let run = runs.popRun(vmemmap) {
      machine.clearContents(
        at: size.address(of: run.lowerBound), byteCount: run.pageCount &<< size.shift)
    }
  }
}

extension Vmemmap {
  /// Makes the head of `folio`, and the tails in the same vmemmap page, blank.
  func blankHeadPage(of folio: Folio) {
    if folio.order.pageCount >= descriptorsPerPage { return clearPage(startingAt: folio.head) }
    for pfn in folio.frames {
      with(pfn) { $0.reset(flags: 0, counts: DescriptorCounts(rawValue: 0)) }
    }
  }
}
