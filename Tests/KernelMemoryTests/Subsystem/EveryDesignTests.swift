// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// One of the 50 combinations of a kernel and an architecture's page tables.
struct DesignAndFormat: CustomTestStringConvertible {
  let kernel: KernelDesign
  let format: PagingFormat

  var testDescription: String { "\(kernel.name) on \(format.name)" }

  static var all: [Self] {
    KernelDesign.all.flatMap { kernel in
      PagingFormat.all.indices.map { Self(kernel: kernel, format: PagingFormat.all[$0]) }
    }
  }

  /// Enough for a few sections and a few pages of most sizes.
  var memory: UInt {
    max((format.pageSize == .fourKiB ? 2 : 4) << format.sectionShift, 256 << 20)
  }
}

@Suite struct `Every kernel on every architecture` {
  /// Grows a pool by two pages, if the machine has them, and takes them away again.
  private func cycle(_ pool: HugePagePool, of host: TestHost) {
    let free = host.subsystem.totals.freePageCount
    let managed = host.subsystem.totals.managedPageCount
    pool.resize(to: 2)
    let count = pool.counts.pageCount
    let canFold = host.subsystem.optimizer.savedPageCount(for: pool.order) > 0
    #expect(host.foldedPageCount(ofOrder: pool.order.index) == (canFold ? count : 0))
    #expect(host.complaints == [])
    pool.resize(to: 0)
    #expect(pool.counts == HugePageCounts())
    #expect(host.complaints == [])
    // What folding released at first is more than before; tables and shared tails are less.
    let released = host.subsystem.totals.managedPageCount - managed
    let spent = host.subsystem.totals.tablePageCount + (canFold ? 2 : 0)
    let after = host.subsystem.totals.freePageCount
    #expect(after <= free + released)
    #expect(after + released + UInt(spent) + released >= free)
  }

  @Test(arguments: DesignAndFormat.all)
  func `boots, grows and shrinks each pool, and stays sound`(design: DesignAndFormat) throws {
    let host = try TestHost(
      memory: design.memory, kernel: design.kernel, format: design.format,
      commandLine: "hugetlb_free_vmemmap=on")
    #expect(host.complaints == [])
    for pool in host.subsystem.hugeTLB.pools where pool.byteCount * 2 < design.memory {
      cycle(pool, of: host)
    }
  }

  @Test(arguments: DesignAndFormat.all)
  func `folds exactly where the kernel supports it`(design: DesignAndFormat) throws {
    let isX86 = design.format.regime == .x86FourLevel || design.format.regime == .x86FiveLevel
    let isOld = [KernelDesign.linux5_14, .linux6_1].contains {
      "\($0.name)" == "\(design.kernel.name)"
    }
    let supported = design.format.allowsLiveRemap && (isX86 || !isOld)
    #expect(design.kernel.vmemmap.supports(design.format) == supported)
  }

  @Test func `arm64 and powerpc must not replace live entries, so nothing is folded there`() {
    for index in PagingFormat.all.indices {
      let format = PagingFormat.all[index]
      let name = "\(format.name)"
      let isStrict = name.hasPrefix("arm64") || name.hasPrefix("powerpc64")
      #expect(format.allowsLiveRemap == !isStrict)
    }
  }

  @Test(arguments: KernelDesign.all.indices)
  func `with two nodes and pages of both sizes from boot on`(design: Int) throws {
    let host = try TestHost(
      memory: 6 << 30, nodes: 2, kernel: KernelDesign.all[design],
      commandLine: "hugetlb_free_vmemmap=on hugepages=20 hugepagesz=1G hugepages=2")
    #expect(host.complaints == [])
    #expect(host.foldedPageCount(ofOrder: 9) == 20)
    #expect(host.foldedPageCount(ofOrder: 18) == 2)
    host.subsystem.isVmemmapOptimizationEnabled = false
    host.pool(9).resize(to: 30)
    #expect(host.foldedPageCount(ofOrder: 9) == 20)
    #expect(host.complaints == [])
    host.pool(18).resize(to: 0)
    #expect(host.complaints == [])
    host.pool(9).resize(to: 0)
    #expect(host.complaints == [])
  }
}
