// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import KernelMemory

/// What tests of booting ask of a host.
///
/// The first table of the page tables takes the highest frame of a machine, as the node's data does
/// in a kernel, so its last gigabyte is never a gigantic page unless memory goes on for a bit.
extension TestHost {
  /// Memory in ranges of MiB, each with its node; nodes without memory are online as well.
  init(
    mebibytes: [(node: Int, Range<UInt>)], memorylessNodes: [Int] = [],
    kernel: KernelDesign = .linux7_2, format: PagingFormat = .x86FourLevel,
    commandLine: String = ""
  ) throws {
    let ranges = mebibytes.map { node, range in
      NodeRange(
        node: NodeID(node),
        range: PhysicalAddress(range.lowerBound << 20)..<PhysicalAddress(range.upperBound << 20))
    }
    try self.init(
      map: MemoryMap(ranges.map { MemoryMapEntry($0.range, .usable) }),
      layout: NodeLayout(ranges: ranges, memorylessNodes: memorylessNodes.map { NodeID($0) }),
      kernel: kernel, format: format, commandLine: commandLine)
  }

  /// What boot said.
  var bootLog: [String] { subsystem.bootLog.map { String(decoding: $0, as: UTF8.self) } }

  /// The gigabytes whose pages are free in the pool of such pages of the first node.
  var freeGigabytes: [UInt] {
    var heads: [UInt] = []
    subsystem.vmemmap.forEach(in: pool(18).parts[0].freeList) { head in
      heads.append(head.rawValue >> 18)
      return true
    }
    return heads.sorted()
  }

  /// The lines of the boot log that begin with `prefix`.
  func bootLog(startingWith prefix: String) -> [String] {
    bootLog.filter { $0.hasPrefix(prefix) }
  }

  /// The pages of the pool of `order`, node by node.
  func pageCounts(ofOrder order: Int) -> [UInt] {
    subsystem.hugeTLB.pool(for: PageOrder(order))?.parts.map { $0.counts.pageCount } ?? []
  }

  /// The pool of pages of `order`.
  func pool(_ order: Int) -> HugePagePool {
    guard let pool = subsystem.hugeTLB.pool(for: PageOrder(order)) else {
      preconditionFailure("the architecture has such pages")
    }
    return pool
  }

  /// The zone of `kind` on the node at `position`, if it has memory.
  func zone(_ kind: ZoneKind, node position: Int = 0) -> Zone? {
    let node = subsystem.topology.nodes[position]
    return node.zoneIndexes.map { subsystem.topology.zones[$0] }
      .first { $0.kind == kind && $0.isPopulated }
  }

  /// Frames with memory on all nodes.
  var presentPageCount: UInt { subsystem.zones.reduce(0) { $0 + $1.presentPageCount } }

  /// Sections with memory.
  var sectionCount: Int {
    let sections = subsystem.topology.sections
    return (0..<sections.limit).count { sections[SectionNumber($0)].marks.contains(.present) }
  }

  /// How many free pages of the pool of `order` are folded.
  func foldedPageCount(ofOrder order: Int) -> UInt {
    subsystem.foldingSummaries.reduce(0) {
      $1.pageByteCount == pool(order).byteCount ? $0 + $1.foldedPageCount : $0
    }
  }
}
