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
    accounting.tablePages.wrappingAdd(1, ordering: .relaxed)
    return frame
  }

  borrowing func freeUnlinkedTable(_ frame: PageFrameNumber) {
    accounting.tablePages.wrappingSubtract(1, ordering: .relaxed)
    allocator.freeFrame(frame)
  }
}
