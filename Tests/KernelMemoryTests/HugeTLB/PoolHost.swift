// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// A booted machine whose pools are watched.
///
/// ``check(sourceLocation:)`` looks for broken rules and for frames that nobody has any more.
struct PoolHost {
  let host: TestHost
  private let frameBalance: Int

  init(
    memory: UInt = 1 << 30, nodes: Int = 1, kernel: PoolKernel = .linux7_2, cpus: Int = 1,
    commandLine: String = "", threading: HostedMachine.Threading = .one
  ) throws {
    try self.init(
      memory: memory, nodes: nodes, design: kernel.design, cpus: cpus, commandLine: commandLine,
      threading: threading)
  }

  init(
    memory: UInt = 1 << 30, nodes: Int = 1, design: KernelDesign, cpus: Int = 1,
    commandLine: String = "", threading: HostedMachine.Threading = .one
  ) throws {
    self.init(
      try TestHost(
        memory: memory, nodes: nodes, kernel: design, cpus: cpus, commandLine: commandLine,
        threading: threading))
  }

  init(_ host: TestHost) {
    self.host = host
    frameBalance = Self.frameBalance(of: host.subsystem)
    check()
  }

  var hugeTLB: HugeTLB { host.subsystem.hugeTLB }
  var vmemmap: Vmemmap { host.subsystem.vmemmap }
  var failures: FailureInjector { host.machine.failures }
  /// Pages of 2 MiB.
  var pool: HugePagePool { pool(9) }
  /// Pages of 1 GiB.
  var gigantic: HugePagePool { pool(18) }

  private func pool(_ order: Int) -> HugePagePool {
    guard let pool = hugeTLB.pool(for: PageOrder(order)) else {
      preconditionFailure("x86-64 has such pages")
    }
    return pool
  }

  /// Expects that every rule for pools at rest holds, and that no frame was lost or doubled.
  func check(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(hugeTLB.violations() == [], sourceLocation: sourceLocation)
    #expect(
      Self.frameBalance(of: host.subsystem) == frameBalance, "frames were lost or doubled",
      sourceLocation: sourceLocation)
  }

  /// Managed frames of which it is not known who has them.
  private static func frameBalance(of subsystem: MemorySubsystem) -> Int {
    let totals = subsystem.totals
    let hugeTLB = subsystem.hugeTLB
    var known = Int(totals.freePageCount + hugeTLB.pooledPageCount)
    known += totals.runtimeVmemmapPageCount + totals.tablePageCount
    known += Int(hugeTLB.poisonedPageCount.load(ordering: .relaxed))
    known += Int(hugeTLB.abandonedPageCount.load(ordering: .relaxed))
    subsystem.optimizer.tails.forEach { _, _, _ in known += 1 }
    return Int(totals.managedPageCount) - known
  }

  /// Free pages of the pool, first to last.
  func freePages(of pool: HugePagePool, on node: Int = 0) -> [PageFrameNumber] {
    var heads: [PageFrameNumber] = []
    vmemmap.forEach(in: pool.parts[node].freeList) { head in
      heads.append(head)
      return true
    }
    return heads
  }

  /// How many frames are free.
  ///
  /// - Unit: base pages.
  var freePageCount: UInt { host.subsystem.allocator.freePageCount }
}

/// The counts of a pool, in the order in which people read them.
func counts(
  nr: UInt, free: UInt, reserved: UInt = 0, surplus: UInt = 0
) -> HugePageCounts {
  HugePageCounts(
    pageCount: nr, freePageCount: free, reservedPageCount: reserved, surplusPageCount: surplus)
}

/// The kernels that run pools or fold descriptors differently.
enum PoolKernel: String, CaseIterable, CustomTestStringConvertible {
  case linux5_14, linux6_1, linux6_12, linux7_2

  var design: KernelDesign {
    switch self {
    case .linux5_14: .linux5_14
    case .linux6_1: .linux6_1
    case .linux6_12: .linux6_12
    case .linux7_2: .linux7_2
    }
  }

  var testDescription: String { rawValue }
}
