// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// A booted machine on which a test makes vmalloc areas.
struct AreaHost: Sendable {
  let host: TestHost

  init(
    memory: UInt = 256 << 20, nodes: Int = 1, kernel: KernelDesign = .linux7_2,
    format: PagingFormat = .x86FourLevel, cpus: Int = 1, commandLine: String = "",
    threading: HostedMachine.Threading = .one
  ) throws {
    host = try TestHost(
      memory: memory, nodes: nodes, kernel: kernel, format: format, cpus: cpus,
      commandLine: commandLine, threading: threading)
  }

  var subsystem: MemorySubsystem { host.subsystem }
  var arena: VmallocArena { subsystem.vmalloc }
  var machine: HostedMachine { host.machine }
  var format: PagingFormat { subsystem.format }
  var page: UInt { format.pageSize.byteCount }
  var base: VirtualAddress { format.vmallocRange.lowerBound }
  var complaints: [String] { host.complaints }

  /// Allocates an area that may be huge.
  func allocateHuge(_ byteCount: UInt, node: NodeID? = nil) throws(VmallocError) -> VmallocArea {
    try arena.allocate(
      VmallocRequest(byteCount: byteCount, mapping: .largestThatFits, node: node))
  }

  /// Allocates an area of base pages.
  func allocate(_ byteCount: UInt, alignment: UInt = 1) throws(VmallocError) -> VmallocArea {
    try arena.allocate(VmallocRequest(byteCount: byteCount, alignment: alignment))
  }

  /// Frees an area.
  func free(_ area: VmallocArea) throws(VfreeError) { try arena.free(at: area.start) }

  /// The huge leaves that map areas.
  var leafCount: UInt { subsystem.vmallocCensus().hugeLeafCount }

  /// What is wrong with how an area's pages are mapped: by the tables, and by the MMU.
  func mappingFaults(of area: VmallocArea) -> [String] {
    var faults: [String] = []
    for (index, pfn) in area.pages.enumerated() {
      let address = area.start.advanced(byBytes: UInt(index) * page)
      if arena.frame(at: address) != pfn { faults.append("page \(index) is looked up wrongly") }
      let found = try? machine.walk(address).address
      if found != format.pageSize.address(of: pfn) { faults.append("page \(index) is elsewhere") }
    }
    if arena.frame(at: area.usable.upperBound) != nil { faults.append("the guard is mapped") }
    return faults
  }

  /// What a CPU reads at an address; nil if it faults.
  func word(at address: VirtualAddress, on cpu: Int = 0) -> UInt64? {
    machine.run(on: CPUID(cpu)) { try? machine.load(address) }
  }

  /// Makes the page allocator's larger blocks scarce: takes all of at least `order`.
  ///
  /// - Returns: what was taken.
  func takeBlocks(of order: PageOrder) -> [PageFrameNumber] {
    var heads: [PageFrameNumber] = []
    for node in subsystem.topology.nodes {
      while let head = subsystem.allocator.allocateBlock(order, on: node.id, []) {
        heads.append(head)
      }
    }
    return heads
  }

  /// Gives blocks back.
  func release(_ heads: [PageFrameNumber], _ order: PageOrder) {
    for head in heads { subsystem.allocator.freeBlock(head, order) }
  }
}

/// What is thrown, or nothing.
func failure<Failure: Error>(of body: () throws(Failure) -> Void) -> Failure? {
  do throws(Failure) {
    try body()
    return nil
  } catch {
    return error
  }
}
