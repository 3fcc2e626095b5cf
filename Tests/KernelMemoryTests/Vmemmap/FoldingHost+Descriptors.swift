// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The eight words of a descriptor.
typealias DescriptorContents = [UInt64]

// What a CPU reads in a huge page's descriptors, held against what spec 05 section 3 and spec 01
// section 7 say that it must be.

extension FoldingHost {
  /// The descriptor of `pfn` as the current CPU reads it, word by word.
  func words(of pfn: PageFrameNumber) throws -> DescriptorContents {
    let start = vmemmap.address(of: pfn)
    return try (0..<8).map { try machine.load(start.advanced(byBytes: UInt($0) * 8)) }
  }

  /// The words of a tail of the page at `head`.
  func tailWords(of head: PageFrameNumber) throws -> DescriptorContents {
    let zone = try #require(subsystem.topology.zone(of: head))
    let link =
      switch vmemmap.format.encoding {
      case .pointer: UInt64(vmemmap.address(of: head).rawValue) + 1
      case .mask: ~UInt64(0) << UInt64(pool.order.rawValue + 6) + 1
      }
    let place = UInt64(zone.node.rawValue) << 54 | UInt64(zone.kind.rawValue) << 51
    return [place, link, 0, 0xdead_0000_0000_0400, 0, 0, 0xffff_ffff, 0]
  }

  /// What a CPU must read at offset `index` of the page at `head`.
  ///
  /// Where tails map the head page again, they show what is at the same place in it.
  private func expectedWords(_ index: UInt, _ tail: DescriptorContents, isFolded: Bool)
    -> DescriptorContents?
  {
    let perPage = vmemmap.descriptorsPerPage
    let isImage = isFolded && design.tailTarget == .ownHeadPage
    switch isImage ? index % perPage : index {
    case 0: return nil
    case 1:
      var second = tail
      second[0] |= UInt64(pool.order.rawValue)
      return second
    default: return tail
    }
  }

  /// What is wrong with the descriptors of the page at `head`; of gigantic pages, some of each
  /// vmemmap page are read.
  func descriptorFaults(of head: PageFrameNumber) throws -> [String] {
    let tail = try tailWords(of: head)
    let perPage = vmemmap.descriptorsPerPage
    let isFolded = isFolded(head)
    var faults: [String] = []
    for index in 0..<pool.order.pageCount {
      let place = index % perPage
      if pageCount > 16, place > 3, place < perPage - 1 { continue }
      if pageCount > 256, index > 256, place > 0, index % 13 != 1 { continue }
      let pfn = PageFrameNumber(head.rawValue + index)
      if vmemmap.head(of: pfn) != head { faults.append("descriptor \(index) names another head") }
      if vmemmap.references(to: pfn) != 0 { faults.append("descriptor \(index) has references") }
      if let expected = expectedWords(index, tail, isFolded: isFolded) {
        let found = try words(of: pfn)
        if found != expected { faults.append("descriptor \(index) is \(found), not \(expected)") }
      }
    }
    return faults + (try headFaults(of: head, place: tail[0]))
  }

  private func headFaults(of head: PageFrameNumber, place: UInt64) throws -> [String] {
    let words = try words(of: head)
    var faults: [String] = []
    if words[0] != place | vmemmap.format.head { faults.append("the head's flags are \(words[0])") }
    if words[6] >> 24 != 0xf4 { faults.append("the head's type is \(words[6] >> 24)") }
    if words[5] & 1 << 4 != (isFolded(head) ? 1 << 4 : 0) { faults.append("the mark is wrong") }
    if vmemmap.folioOrder(at: head) != pool.order { faults.append("the order is lost") }
    return faults
  }

  /// Expects that the page at `head` is folded, or whole, is mapped as its kernel does that and
  /// shows each CPU the right descriptors, and that nothing else is wrong.
  func expectSound(
    _ head: PageFrameNumber, folded: Bool, old: [PageFrameNumber]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectShape(head, folded: folded, old: old, sourceLocation: sourceLocation)
    for cpu in 0..<machine.cpuCount {
      let faults = try machine.run(on: CPUID(cpu)) { try descriptorFaults(of: head) }
      #expect(faults == [], "CPU \(cpu)", sourceLocation: sourceLocation)
    }
    #expect(host.complaints == [], sourceLocation: sourceLocation)
  }

  /// The words in `frame`, by its physical address: what is there, whoever maps it.
  func contents(of frame: PageFrameNumber) -> [UInt64] {
    let start = vmemmap.pageSize.address(of: frame)
    return (0..<Int(vmemmap.pageSize.byteCount / 8)).map {
      unsafe machine.pointer(to: start).load(fromByteOffset: $0 * 8, as: UInt64.self)
    }
  }
}
