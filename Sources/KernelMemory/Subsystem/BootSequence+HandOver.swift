// SPDX-License-Identifier: Apache-2.0

extension BootSequence {
  /// Gives all memory that boot did not reserve to the page allocator.
  ///
  /// - Linux: `memblock_free_all()` and the deferred rest.
  mutating func handOver() {
    let size = format.pageSize
    for free in frames.memblock.freeRanges() {
      giveToAllocator(size.wholePages(in: free.range))
    }
    reservations = frames.memblock.reserved.regions.map {
      size.frame(
        containing: $0.range.lowerBound)..<PageFrameNumber(
          size.pageCount(roundingUp: $0.range.upperBound.rawValue))
    }
    for area in areas {
      hugeTLB.addContiguousArea(area.frames, node: area.node, held: gigantic.heads(in: area.frames))
    }
    allocator.sizeReserves()
  }

  /// Hands over the part of `range` whose descriptors are mapped, section by section.
  private func giveToAllocator(_ range: FrameRange) {
    var start = range.lowerBound
    while start < range.upperBound {
      let number = topology.sections.number(of: start)
      let end = min(topology.sections.frames(of: number).upperBound, range.upperBound)
      if topology.sections[number].marks.contains(.hasMap) {
        allocator.manage(start..<end, end: .back)
      }
      start = end
    }
  }
}
