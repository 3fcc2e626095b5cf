// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Page tables from the page allocator, near the memory they map.
struct RuntimeTables: PageTableSource {
  let allocator: PageAllocator
  let accounting: VmemmapAccounting
  let node: NodeID

  borrowing func allocateTable(of order: PageOrder) -> PageFrameNumber? {
    precondition(order == .page, "larger tables are made at boot")
    guard let frame = allocator.allocateFrame(on: node, [.zeroed]) else { return nil }
    allocator.vmemmap.with(frame) {
      $0.counts = DescriptorCounts(type: .table, references: 1)
    }
    count(frame, 1)
    return frame
  }

  borrowing func freeUnlinkedTable(_ frame: PageFrameNumber) {
    count(frame, -1)
    allocator.freeFrame(frame)
  }

  /// Counts a table where its frame lies, which need not be the node that was asked.
  private borrowing func count(_ frame: PageFrameNumber, _ change: Int) {
    accounting.tablePages.wrappingAdd(change, ordering: .relaxed)
    allocator.topology.zone(of: frame)?.tablePageCount.wrappingAdd(change, ordering: .relaxed)
  }
}
