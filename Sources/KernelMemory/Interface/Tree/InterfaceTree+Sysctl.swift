// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /proc/sys/vm (spec 10 sections 1 and 2).

extension InterfaceTree {
  static var sysctlEntries: [TreeEntry] {
    [
      .file("compact_memory", .sysctl(.compactMemory)),
      .file("hugetlb_optimize_vmemmap", .sysctl(.optimizesVmemmap)),
      .file("hugetlb_shm_group", .sysctl(.sharedMemoryGroup)),
      .file("lowmem_reserve_ratio", .sysctl(.lowmemReserveRatio)),
      .file("min_free_kbytes", .sysctl(.minimumFreeKiB)),
      .file("movable_gigantic_pages", .sysctl(.movableGiganticPages)),
      .file("nr_hugepages", .sysctl(.pageCount)),
      .file("nr_hugepages_mempolicy", .sysctl(.pageCountByPolicy)),
      .file("nr_overcommit_hugepages", .sysctl(.overcommitLimit)),
      .file("percpu_pagelist_high_fraction", .sysctl(.listFraction)),
      .file("watermark_scale_factor", .sysctl(.watermarkScaleFactor)),
    ]
  }

  func isPresent(_ file: SysctlFile) -> Bool {
    switch file {
    case .optimizesVmemmap:
      subsystem.kernel.vmemmap.hasRuntimeSwitch
        && hugeTLB.pools.contains { $0.savedByteCount > 0 }
    case .movableGiganticPages: hugeTLB.policy.hasMovableGiganticSwitch
    default: true
    }
  }

  func append(_ file: SysctlFile, to sink: inout TextSink) {
    switch file {
    case .pageCount, .pageCountByPolicy:
      sink.appendDecimal(defaultPoolValue { $0.target })
    case .overcommitLimit: sink.appendDecimal(defaultPoolValue { $0.overcommitLimit })
    case .sharedMemoryGroup:
      sink.appendDecimal(signed: Int(settings.sharedMemoryGroup.load(ordering: .relaxed)))
    case .optimizesVmemmap:
      sink.appendDecimal(subsystem.isVmemmapOptimizationEnabled ? 1 : 0)
    case .movableGiganticPages:
      sink.appendDecimal(signed: Int(settings.movableGiganticPages.load(ordering: .relaxed)))
    case .minimumFreeKiB:
      sink.appendDecimal(allocator.reserves.minimumFreeKiB.load(ordering: .relaxed))
    case .watermarkScaleFactor:
      sink.appendDecimal(allocator.reserves.scaleFactor.load(ordering: .relaxed))
    case .listFraction:
      sink.appendDecimal(allocator.reserves.listFraction.load(ordering: .relaxed))
    case .lowmemReserveRatio: appendReserveRatios(to: &sink)
    case .compactMemory: return
    }
    sink.newline()
  }

  private func defaultPoolValue(_ value: (HugePagePool) -> UInt) -> UInt {
    guard let pool = hugeTLB.defaultPool else { return 0 }
    return hugeTLB.lock.withLock { value(pool) }
  }

  private func appendReserveRatios(to sink: inout TextSink) {
    for kind in ZoneKind.allCases {
      if kind != .dma { sink.append(byte: ASCII.tab) }
      sink.appendDecimal(allocator.reserves.reserveRatio(of: kind))
    }
  }

  /// Does what a write to a file asks for.
  ///
  /// A kernel copies no text that fills its largest block, and looks at no more than a page of it;
  /// what lies behind that counts as taken.
  ///
  /// - Returns: the bytes taken.
  func writeSysctl(
    _ text: ArraySlice<UInt8>, to file: SysctlFile
  ) throws(InterfaceError) -> Int {
    let limit = allocator.maximumOrder.pageCount << pageSize.shift
    guard UInt(text.count) < limit else { throw .outOfMemory }
    let part = text.prefix(Int(pageSize.byteCount) - 1)
    return try write(part, to: file) + (text.count - part.count)
  }

  private func write(_ text: ArraySlice<UInt8>, to file: SysctlFile) throws(InterfaceError) -> Int {
    switch file {
    case .pageCount, .pageCountByPolicy: return try writePageCount(text)
    case .overcommitLimit: return try writeOvercommitLimit(text)
    case .sharedMemoryGroup:
      let group = try sysctlInt(text)
      settings.sharedMemoryGroup.store(group.value, ordering: .relaxed)
      return group.byteCount
    case .optimizesVmemmap:
      let isOn = try sysctlInt(text)
      subsystem.optimizer.isEnabled.store(isOn.value != 0, ordering: .relaxed)
      return isOn.byteCount
    case .movableGiganticPages:
      let isOn = try sysctlInt(text)
      settings.movableGiganticPages.store(isOn.value, ordering: .relaxed)
      hugeTLB.makesGiganticMovable.store(isOn.value != 0, ordering: .relaxed)
      return isOn.byteCount
    case .compactMemory: return try writeCompactMemory(text)
    case .minimumFreeKiB, .watermarkScaleFactor, .listFraction, .lowmemReserveRatio:
      return try writeReserve(text, to: file)
    }
  }

  private func writePageCount(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> Int {
    guard let pool = hugeTLB.defaultPool else { throw .notSupported }
    let count = try sysctlUnsigned(text)
    pool.resize(to: count.value)
    return count.byteCount
  }

  private func writeOvercommitLimit(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> Int {
    guard let pool = hugeTLB.defaultPool else { throw .notSupported }
    var taken = 0
    try setOvercommitLimit(of: pool) { () throws(InterfaceError) in
      let limit = try sysctlUnsigned(text)
      taken = limit.byteCount
      return limit.value
    }
    return taken
  }

  /// Nothing is moved: blocks that CPUs keep come back and merge, and that is all there is to gain.
  private func writeCompactMemory(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> Int {
    let number = try sysctlInt(text)
    guard number.value == 1 else { throw .invalid }
    allocator.drainCPULists()
    return number.byteCount
  }

  private func sysctlUnsigned(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> Parsed<UInt> {
    do throws(NumberError) {
      return try Parsing.sysctlUnsigned(text)
    } catch {
      throw InterfaceError(error)
    }
  }

  func sysctlInt(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> Parsed<Int32> {
    do throws(NumberError) {
      return try Parsing.sysctlInt(text)
    } catch {
      throw InterfaceError(error)
    }
  }
}
