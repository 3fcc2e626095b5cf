// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /proc/meminfo (spec 10 section 3, spec 06 section 14).

extension InterfaceTree {
  func appendMeminfo(to sink: inout TextSink) {
    appendField("MemTotal:", kibibytes(subsystem.totals.managedPageCount), to: &sink)
    appendField("MemFree:", kibibytes(freePageCount), to: &sink)
    appendField("MemAvailable:", kibibytes(availablePageCount), to: &sink)
    appendProcessMemory(to: &sink)
    appendKernelMemory(to: &sink)
    appendSpecialMemory(to: &sink)
    appendPools(to: &sink)
    appendDirectMap(to: &sink)
  }

  /// Appends one line: a name in 16 columns, a number of KiB in 8.
  func appendField(_ name: StaticString, _ kibibytes: UInt, to sink: inout TextSink) {
    sink.append(name, width: 16, side: .left)
    sink.appendDecimal(kibibytes, width: 8)
    sink.append(" kB\n")
  }

  /// What processes and files use: a twin has neither.
  private func appendProcessMemory(to sink: inout TextSink) {
    let names: [StaticString] = [
      "Buffers:", "Cached:", "SwapCached:", "Active:", "Inactive:", "Active(anon):",
      "Inactive(anon):", "Active(file):", "Inactive(file):", "Unevictable:", "Mlocked:",
      "SwapTotal:", "SwapFree:",
    ]
    for name in names { appendField(name, 0, to: &sink) }
    if policy.showsSecondaryPageTables {
      appendField("Zswap:", 0, to: &sink)
      appendField("Zswapped:", 0, to: &sink)
    }
    let more: [StaticString] = [
      "Dirty:", "Writeback:", "AnonPages:", "Mapped:", "Shmem:", "KReclaimable:", "Slab:",
      "SReclaimable:", "SUnreclaim:", "KernelStack:",
    ]
    for name in more { appendField(name, 0, to: &sink) }
  }

  private func appendKernelMemory(to sink: inout TextSink) {
    appendField("PageTables:", kibibytes(countedTablePages), to: &sink)
    if policy.showsSecondaryPageTables { appendField("SecPageTables:", 0, to: &sink) }
    for name in ["NFS_Unstable:", "Bounce:", "WritebackTmp:"] as [StaticString] {
      appendField(name, 0, to: &sink)
    }
    appendField("CommitLimit:", kibibytes(commitLimit), to: &sink)
    appendField("Committed_AS:", 0, to: &sink)
    // The kernel takes the last address for the end.
    appendField("VmallocTotal:", (subsystem.format.vmallocRange.byteCount &- 1) >> 10, to: &sink)
    appendField("VmallocUsed:", kibibytes(subsystem.vmalloc.ownedPageCount), to: &sink)
    for name in ["VmallocChunk:", "Percpu:"] as [StaticString] { appendField(name, 0, to: &sink) }
  }

  private func appendSpecialMemory(to sink: inout TextSink) {
    sink.append("HardwareCorrupted: ")
    sink.appendDecimal(kibibytes(hugeTLB.poisonedPageCount.load(ordering: .relaxed)), width: 5)
    sink.append(" kB\n")
    let names: [StaticString] = [
      "AnonHugePages:", "ShmemHugePages:", "ShmemPmdMapped:", "FileHugePages:",
      "FilePmdMapped:",
    ]
    for name in names { appendField(name, 0, to: &sink) }
    if showsContiguousAreas {
      appendField("CmaTotal:", kibibytes(contiguousAreaPageCount), to: &sink)
      appendField("CmaFree:", kibibytes(freeContiguousPageCount), to: &sink)
    }
    if policy.showsUnacceptedMemory { appendField("Unaccepted:", 0, to: &sink) }
    if policy.showsBalloons {
      for name in ["Balloon:", "GPUActive:", "GPUReclaim:"] as [StaticString] {
        appendField(name, 0, to: &sink)
      }
    }
  }

  /// The pool of the default size, and the bytes of all pools.
  private func appendPools(to sink: inout TextSink) {
    guard let pool = hugeTLB.defaultPool else { return }
    let counts = hugeTLB.lock.withLock { pool.counts }
    appendCount("HugePages_Total:   ", counts.pageCount, to: &sink)
    appendCount("HugePages_Free:    ", counts.freePageCount, to: &sink)
    appendCount("HugePages_Rsvd:    ", counts.reservedPageCount, to: &sink)
    appendCount("HugePages_Surp:    ", counts.surplusPageCount, to: &sink)
    appendField("Hugepagesize:", pool.byteCount >> 10, to: &sink)
    appendField("Hugetlb:", kibibytes(hugeTLB.pooledPageCount), to: &sink)
  }

  private func appendCount(_ name: StaticString, _ count: UInt, to sink: inout TextSink) {
    sink.append(name)
    sink.appendDecimal(count, width: 5)
    sink.newline()
  }

  /// How much of the direct map is mapped with leaves of each size; x86 alone shows it.
  private func appendDirectMap(to sink: inout TextSink) {
    switch subsystem.format.regime {
    case .x86FourLevel, .x86FiveLevel: break
    case .arm64, .riscv, .powerRadix: return
    }
    let map = DirectMapSizes(subsystem.memoryMap.usableRanges)
    appendField("DirectMap4k:", map.smallByteCount >> 10, to: &sink)
    appendField("DirectMap2M:", map.middleByteCount >> 10, to: &sink)
    appendField("DirectMap1G:", map.largeByteCount >> 10, to: &sink)
  }
}

/// How x86 maps memory directly: with the largest leaves that fit into each range.
struct DirectMapSizes: Equatable {
  /// Bytes in 4 KiB leaves.
  var smallByteCount: UInt = 0
  /// Bytes in 2 MiB leaves.
  var middleByteCount: UInt = 0
  /// Bytes in 1 GiB leaves.
  var largeByteCount: UInt = 0

  /// The sizes for memory in `ranges`.
  init(_ ranges: [Range<PhysicalAddress>]) {
    for range in ranges {
      let middle = range.wholeBlocks(ofBytes: 2 << 20).byteCount
      let large = range.wholeBlocks(ofBytes: 1 << 30).byteCount
      largeByteCount &+= large
      middleByteCount &+= middle &- large
      smallByteCount &+= range.byteCount &- middle
    }
  }
}
