// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// When areas are mapped huge; spec 09 section 2, predicates 3 and 18.
@Suite struct `Huge vmalloc areas` {
  private func order(
    _ host: AreaHost, _ byteCount: UInt, node: NodeID? = nil,
    _ mapping: VmallocRequest.Mapping = .largestThatFits
  ) -> Int {
    host.arena.mappingOrder(
      for: VmallocRequest(byteCount: byteCount, mapping: mapping, node: node)
    ).index
  }

  /// P-VMALLOC 3.
  @Test(arguments: NamedKernel.all)
  func `on one node a PMD's worth is enough, for whoever asks`(kernel: NamedKernel) throws {
    let host = try AreaHost(kernel: kernel.design)
    #expect(order(host, 2 << 20) == 9)
    #expect(order(host, 2 << 20 - 1) == 0)
    #expect(order(host, 1 << 30) == 9, "a PUD is never chosen")
    let everybody = kernel.design.vmalloc.hugeUsers == .everybody
    #expect(order(host, 2 << 20, .basePages) == (everybody ? 9 : 0))
  }

  /// P-VMALLOC 3.
  @Test(arguments: NamedKernel.all)
  func `on several nodes each node's share decides before 7.2`(kernel: NamedKernel) throws {
    let host = try AreaHost(memory: 1 << 30, nodes: 2, kernel: kernel.design)
    let dividesByNodes = kernel.design.vmalloc.hugeDecision == .sharePerNode
    #expect(order(host, 4 << 20) == 9)
    #expect(order(host, 4 << 20 - 1) == (dividesByNodes ? 0 : 9))
    #expect(order(host, 2 << 20) == (dividesByNodes ? 0 : 9))
    #expect(order(host, 2 << 20, node: NodeID(1)) == 9, "a wish for a node is not divided")
  }

  @Test(arguments: ["nohugevmalloc", "nohugevmalloc=0", "nohugevmalloc=y quiet"])
  func `a boot parameter forbids it, whatever its value`(commandLine: String) throws {
    let host = try AreaHost(kernel: .linux5_14, commandLine: commandLine)
    #expect(order(host, 8 << 20) == 0)
    let area = try host.allocateHuge(8 << 20)
    #expect(area.order == .page)
    #expect(host.leafCount == 0)
    #expect(host.complaints == [])
  }

  @Test(arguments: ["nohugevmallo", "nohugevmallocs", "-- nohugevmalloc", "nohugeiomap"])
  func `another word does not`(commandLine: String) throws {
    #expect(order(try AreaHost(commandLine: commandLine), 8 << 20) == 9)
  }

  @Test(arguments: [
    (PagingFormat.arm64With4KPages, UInt(64 << 10), 4),
    (.arm64With16KPages, 2 << 20, 7), (.arm64With64KPages, 2 << 20, 5),
  ])
  func `7.2 uses groups of entries on arm64`(
    format: PagingFormat, byteCount: UInt, wanted: Int
  ) throws {
    let host = try AreaHost(memory: 1 << 30, format: format)
    #expect(order(host, byteCount) == wanted)
    #expect(order(host, byteCount - 1) == 0)
    let old = try AreaHost(memory: 1 << 30, kernel: .linux6_12, format: format)
    #expect(order(old, byteCount) == 0)
    let area = try host.allocateHuge(byteCount + 1)
    #expect(area.usable.byteCount == 2 * byteCount)
    #expect(area.start.isAligned(toBytes: byteCount))
    #expect(host.mappingFaults(of: area) == [])
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedFormat.all)
  func `every architecture maps a PMD's worth with one leaf if it has such a block`(
    _ named: NamedFormat
  ) throws {
    let format = named.format
    let host = try AreaHost(memory: 2 << 30, format: format)
    let area = try host.allocateHuge(format.pmdByteCount)
    let isHuge = format.pmdOrder <= format.maximumOrder
    #expect(area.order == (isHuge ? format.pmdOrder : .page))
    #expect(host.leafCount == (isHuge ? 1 : 0))
    #expect(host.arena.hasHugePages(at: area.start) == isHuge)
    #expect(host.mappingFaults(of: area) == [])
    #expect(host.complaints == [])
  }

  /// V3: the question was asked of an address without an area.
  @Test func `V3: an address without an area has no huge pages`() throws {
    let host = try AreaHost()
    #expect(!host.arena.hasHugePages(at: host.base))
    let area = try host.allocateHuge(2 << 20)
    #expect(host.arena.hasHugePages(at: area.start.advanced(byBytes: 5000)))
    #expect(!host.arena.hasHugePages(at: area.addresses.upperBound))
    try host.free(area)
    #expect(!host.arena.hasHugePages(at: area.start))
    #expect(!host.arena.hasHugePages(at: VirtualAddress(0)))
  }
}
