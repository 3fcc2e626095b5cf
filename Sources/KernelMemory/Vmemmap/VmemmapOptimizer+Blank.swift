// SPDX-License-Identifier: Apache-2.0

// Descriptors of memory that is about to be free say nothing to anybody: they become blank again.
// A kernel visits each tail to take its marks off; dropping the contents of whole frames does the
// same for all of them, and a simulated host's memory is the real host's again.

extension VmemmapOptimizer {
  /// Adds the frames of the folio's vmemmap pages, but for the first, to `runs`.
  ///
  /// - Precondition: the folio is not folded.
  func collectOuterPages(of folio: Folio, in runs: inout FrameRuns) {
    let addresses = addresses(of: folio)
    let size = vmemmap.pageSize
    let start = addresses.lowerBound.advanced(byBytes: size.byteCount)
    guard start < addresses.upperBound else { return }
    if tables.existingTable(for: start, level: 0) == nil {
      return collectFromLeaves(start..<addresses.upperBound, in: &runs)
    }
    var run = PageFrameNumber(0)..<PageFrameNumber(0)
    forEachTable(in: start..<addresses.upperBound) { table, indexes in
      for index in indexes {
        let pfn = size.frame(containing: tables.format.address(in: table[index]))
        if pfn != run.upperBound {
          if !run.isEmpty { runs.append(run, vmemmap) }
          run = pfn..<pfn
        }
        run = run.lowerBound..<pfn.advanced(by: 1)
      }
    }
    if !run.isEmpty { runs.append(run, vmemmap) }
  }

  /// Adds the frames that map `range`, at least partly with huge leaves, to `runs`.
  private func collectFromLeaves(_ range: Range<VirtualAddress>, in runs: inout FrameRuns) {
    let size = vmemmap.pageSize
    var address = range.lowerBound
    while address < range.upperBound {
      let step = address.rounded(downToBytes: tables.format.pmdByteCount)
        .advanced(byBytes: tables.format.pmdByteCount)
      let end = min(step, range.upperBound)
      if tables.existingTable(for: address, level: 0) == nil,
        let first = tables.frame(mappedAt: address)
      {
        let count = (end.rawValue &- address.rawValue) &>> size.shift
        runs.append(FrameRange(start: first, pageCount: count), vmemmap)
        address = end
      } else if let pfn = tables.frame(mappedAt: address) {
        runs.append(pfn..<pfn.advanced(by: 1), vmemmap)
        address = address.advanced(byBytes: size.byteCount)
      } else {
        preconditionFailure("the descriptors of memory in use are mapped")
      }
    }
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
    let count = min(descriptorsPerPage, folio.order.pageCount)
    for pfn in FrameRange(start: folio.head, pageCount: count) {
      with(pfn) { $0.reset(flags: 0, counts: DescriptorCounts(rawValue: 0)) }
    }
  }
}
