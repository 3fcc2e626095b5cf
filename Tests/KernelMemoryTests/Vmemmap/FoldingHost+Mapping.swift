// SPDX-License-Identifier: Apache-2.0

import Testing

@_spi(Lab) @testable import KernelMemory

/// One page of the vmemmap as the MMU finds it.
struct MappedPage: Equatable, Hashable {
  var frame: PageFrameNumber
  var isWritable: Bool
}

// What the page tables make of a huge page's descriptors, held against the table in
// Documentation/Design/Vmemmap.md.

extension FoldingHost {
  /// Where vmemmap page `index` of the page at `head` lies.
  func address(ofVmemmapPage index: UInt, of head: PageFrameNumber) -> VirtualAddress {
    vmemmap.address(of: head).advanced(byBytes: index << vmemmap.pageSize.shift)
  }

  /// What the vmemmap pages of the page at `head` are mapped to.
  func mapping(of head: PageFrameNumber) throws -> [MappedPage] {
    try (0..<pageCount).map { index in
      let found = try machine.walk(address(ofVmemmapPage: index, of: head))
      return MappedPage(
        frame: vmemmap.pageSize.frame(containing: found.address), isWritable: found.isWritable)
    }
  }

  func frames(of head: PageFrameNumber) throws -> [PageFrameNumber] {
    try mapping(of: head).map { $0.frame }
  }

  /// The shared tail of the page at `head`, if there is one.
  func sharedTail(of head: PageFrameNumber) -> PageFrameNumber? {
    subsystem.topology.zone(of: head).flatMap { optimizer.tails.existingPage(for: $0, pool.order) }
  }

  /// What is wrong with the mapping of the page at `head`, whose frames were `old` before it was
  /// folded.
  ///
  /// - Source: spec 05 predicates 2 to 7.
  func shapeFaults(of head: PageFrameNumber, old: [PageFrameNumber]? = nil) throws -> [String] {
    let pages = try mapping(of: head)
    guard isFolded(head) else { return wholeFaults(pages, old: old) }
    var faults: [String] = []
    let kept = Int(design.privatePageCount)
    for (index, page) in pages.enumerated() where index < kept {
      if !page.isWritable { faults.append("page \(index) cannot be written") }
      if let old, design.headCopy == .none, page.frame != old[index] {
        faults.append("page \(index) moved")
      }
    }
    if Set(pages.prefix(kept).map { $0.frame }).count != kept { faults.append("heads are shared") }
    let target = tailTarget(pages, head)
    for (index, page) in pages.enumerated() where index >= kept {
      if page.frame != target { faults.append("page \(index) maps \(page.frame), not \(target)") }
      if page.isWritable == subsystem.format.distinguishesReadOnly {
        faults.append("page \(index) has the wrong protection")
      }
    }
    if try machine.walk(vmemmap.address(of: head)).pageByteCount != vmemmap.pageSize.byteCount {
      faults.append("a huge leaf maps a folded page")
    }
    return faults.map { "folded \(head.rawValue): \($0)" }
  }

  private func tailTarget(_ pages: [MappedPage], _ head: PageFrameNumber) -> PageFrameNumber {
    switch design.tailTarget {
    case .ownSecondPage: pages[1].frame
    case .ownHeadPage: pages[0].frame
    case .sharedPage: sharedTail(of: head) ?? PageFrameNumber(0)
    }
  }

  private func wholeFaults(_ pages: [MappedPage], old: [PageFrameNumber]?) -> [String] {
    var faults: [String] = []
    if Set(pages.map { $0.frame }).count != pages.count { faults.append("frames are shared") }
    if !pages.allSatisfy({ $0.isWritable }) { faults.append("some page cannot be written") }
    let tails = subsystem.sharedTailFrames
    if pages.contains(where: { tails.contains($0.frame) }) { faults.append("maps a shared tail") }
    if let old, old != pages.map({ $0.frame }) { faults.append("frames are others than before") }
    return faults.map { "whole: \($0)" }
  }

  /// Expects that the page at `head` is folded, or whole, and mapped as its kernel does that.
  func expectShape(
    _ head: PageFrameNumber, folded: Bool, old: [PageFrameNumber]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(isFolded(head) == folded, sourceLocation: sourceLocation)
    #expect(try shapeFaults(of: head, old: old) == [], sourceLocation: sourceLocation)
  }
}
