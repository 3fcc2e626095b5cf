// SPDX-License-Identifier: Apache-2.0

// A node's meminfo (spec 10 section 6, spec 06 section 14).

extension InterfaceTree {
  func appendMeminfo(ofNode position: Int, to sink: inout TextSink) {
    let zones = zones(ofNode: position)
    let total = sum(over: zones) { $0.managedPageCount }
    let free = sum(over: zones) { freePageCount(of: $0) }
    let line = NodeLine(node: topology.nodes[position].id)
    line.append("MemTotal:", kibibytes(total), to: &sink)
    line.append("MemFree:", kibibytes(free), to: &sink)
    line.append("MemUsed:", kibibytes(total &- min(free, total)), to: &sink)
    for name in Self.unusedFields { line.append(name, 0, to: &sink) }
    line.append("PageTables:", kibibytes(countedTablePages(ofNode: position)), to: &sink)
    if policy.showsSecondaryPageTables { line.append("SecPageTables:", 0, to: &sink) }
    for name in Self.moreUnusedFields { line.append(name, 0, to: &sink) }
    if policy.showsUnacceptedMemory { line.append("Unaccepted:", 0, to: &sink) }
    if policy.showsBalloons {
      for name in ["Balloon:", "GPUActive:", "GPUReclaim:"] as [StaticString] {
        line.append(name, 0, to: &sink)
      }
    }
    appendPool(ofNode: position, line, to: &sink)
  }

  private func appendPool(
    ofNode position: Int, _ line: NodeLine, to sink: inout TextSink
  ) {
    guard let pool = hugeTLB.defaultPool else { return }
    let counts = hugeTLB.lock.withLock { pool.parts[position].counts }
    line.appendCount("HugePages_Total: ", counts.pageCount, to: &sink)
    line.appendCount("HugePages_Free:  ", counts.freePageCount, to: &sink)
    line.appendCount("HugePages_Surp:  ", counts.surplusPageCount, to: &sink)
  }

  private static var unusedFields: [StaticString] {
    [
      "SwapCached:", "Active:", "Inactive:", "Active(anon):", "Inactive(anon):",
      "Active(file):", "Inactive(file):", "Unevictable:", "Mlocked:", "Dirty:", "Writeback:",
      "FilePages:", "Mapped:", "AnonPages:", "Shmem:", "KernelStack:",
    ]
  }

  private static var moreUnusedFields: [StaticString] {
    [
      "NFS_Unstable:", "Bounce:", "WritebackTmp:", "KReclaimable:", "Slab:", "SReclaimable:",
      "SUnreclaim:", "AnonHugePages:", "ShmemHugePages:", "ShmemPmdMapped:", "FileHugePages:",
      "FilePmdMapped:",
    ]
  }
}

/// How a line of a node's meminfo begins.
private struct NodeLine {
  let node: NodeID

  func append(_ name: StaticString, _ kibibytes: UInt, to sink: inout TextSink) {
    appendName(to: &sink)
    sink.append(name, width: 16, side: .left)
    sink.appendDecimal(kibibytes, width: 8)
    sink.append(" kB\n")
  }

  func appendCount(_ name: StaticString, _ count: UInt, to sink: inout TextSink) {
    appendName(to: &sink)
    sink.append(name)
    sink.appendDecimal(count, width: 5)
    sink.newline()
  }

  private func appendName(to sink: inout TextSink) {
    sink.append("Node ")
    sink.appendDecimal(UInt(node.rawValue))
    sink.append(byte: ASCII.space)
  }
}
