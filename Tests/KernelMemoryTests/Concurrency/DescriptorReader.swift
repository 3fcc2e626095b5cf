// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// Somebody who walks over all memory by frame number and owns none of it, as compaction or a crash
/// handler does.
///
/// While others work, a descriptor may say that its frame is free, in use or a tail; what no tail may
/// ever say is that it belongs to a huge page that cannot be there.
struct DescriptorReader {
  let subsystem: MemorySubsystem
  /// Frames from one descriptor that is read to the next; odd, so that every place in a vmemmap page
  /// gets its turn.
  var stride = 61

  private var vmemmap: Vmemmap { subsystem.vmemmap }

  /// Looks at one descriptor in `stride`.
  ///
  /// - Returns: the frames of those that were wrong.
  func sweep() -> [PageFrameNumber] {
    var wrong: [PageFrameNumber] = []
    for zone in subsystem.topology.zones where zone.isPopulated {
      let orders = subsystem.hugeTLB.pools.map(\.order)
      var pfn = zone.span.lowerBound
      while pfn < zone.span.upperBound {
        if subsystem.topology.zone(of: pfn) === zone, !isRight(pfn, in: zone, orders) {
          wrong.append(pfn)
        }
        pfn = pfn.advanced(by: stride)
      }
    }
    return wrong
  }

  /// Tries to take a reference to each huge page that a descriptor in `stride` leads to.
  ///
  /// - Returns: how many it got.
  func takeReferences() -> Int {
    var taken = 0
    for frames in subsystem.topology.nodes.flatMap(\.memory) {
      var pfn = frames.lowerBound
      while pfn < frames.upperBound {
        let head = vmemmap.head(of: pfn)
        if vmemmap.isHugeTLB(head), vmemmap.takeReferenceUnlessZero(head) {
          taken += 1
          _ = vmemmap.dropReference(head)
        }
        pfn = pfn.advanced(by: stride)
      }
    }
    return taken
  }

  /// Whether the descriptor of `pfn`, if it is a tail, says what a tail of a huge page says there.
  private func isRight(_ pfn: PageFrameNumber, in zone: Zone, _ orders: [PageOrder]) -> Bool {
    let (link, flags) = vmemmap.with(pfn, for: .load) { ($0.link, $0.flags) }
    guard link & 1 == 1 else { return true }
    // The page was dissolved between the two loads: its descriptors are blank, the tail is history.
    guard flags != 0 else { return true }
    return orders.contains { order in
      let folio = Folio(head: pfn.aligned(downTo: order), order: order)
      return link == vmemmap.tailTemplate(for: folio, place: zone.place).link
        && DescriptorPlace.node(in: flags) == zone.node
        && DescriptorPlace.zone(in: flags) == zone.kind
    }
  }
}
