// SPDX-License-Identifier: Apache-2.0

// /proc/kpageflags, kpagecount and kpagecgroup: a 64-bit word for each frame (spec 10 section 7).

/// What `/proc/kpageflags` tells about a frame.
///
/// - Linux: `KPF_*`, `include/uapi/linux/kernel-page-flags.h`.
struct PageFlags: OptionSet {
  let rawValue: UInt64

  static let buddy = Self(rawValue: 1 << 10)
  static let compoundHead = Self(rawValue: 1 << 15)
  static let compoundTail = Self(rawValue: 1 << 16)
  static let huge = Self(rawValue: 1 << 17)
  static let poisoned = Self(rawValue: 1 << 19)
  static let noPage = Self(rawValue: 1 << 20)
  static let pageTable = Self(rawValue: 1 << 26)
  static let reserved = Self(rawValue: 1 << 32)
  static let privateToOwner = Self(rawValue: 1 << 37)
}

extension InterfaceTree {
  /// The most bytes that one read returns: readers ask again for the rest.
  private static var longestRead: UInt { 64 << 20 }

  /// The words of the frames in `byteCount` bytes from `offset` on; none behind the last section.
  ///
  /// - Throws: ``InterfaceError/invalid`` unless both numbers are multiples of 8.
  func frameWords(
    _ file: FrameFile, at offset: UInt, byteCount: UInt
  ) throws(InterfaceError) -> [UInt8] {
    let count = min(byteCount, Self.longestRead)
    guard offset % 8 == 0, byteCount % 8 == 0 || byteCount == .max else { throw .invalid }
    let end = topology.end.aligned(upTo: topology.sections.order)
    let start = PageFrameNumber(offset / 8)
    guard start < end else { return [] }
    let frames = start..<PageFrameNumber(min(end.rawValue, start.rawValue + count / 8))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(frames.pageCount) * 8)
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      let run = run(of: file, at: pfn)
      let stop = min(run.end, frames.upperBound)
      append(run.word, count: stop.rawValue - pfn.rawValue, to: &bytes)
      pfn = stop
    }
    return bytes
  }

  private func append(_ word: UInt64, count: UInt, to bytes: inout [UInt8]) {
    if word == 0 {
      bytes.append(contentsOf: repeatElement(0, count: Int(count) * 8))
      return
    }
    for _ in 0..<count {
      for byte in 0..<8 {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)))
      }
    }
  }

  /// Frames from one on that have the same word.
  private struct FrameRun {
    let word: UInt64
    let end: PageFrameNumber

    init(_ flags: PageFlags, end: PageFrameNumber) {
      word = flags.rawValue
      self.end = end
    }

    init(word: UInt64, end: PageFrameNumber) {
      self.word = word
      self.end = end
    }
  }

  private func run(of file: FrameFile, at pfn: PageFrameNumber) -> FrameRun {
    switch file {
    case .flags: return flagRun(at: pfn)
    case .mapCounts: return mapCountRun(at: pfn)
    // There are no control groups that memory could be charged to.
    case .memoryGroups:
      return FrameRun(word: 0, end: topology.end.aligned(upTo: topology.sections.order))
    }
  }

  /// How often frames are mapped: only pages of pools are, each by the process that uses it.
  private func mapCountRun(at pfn: PageFrameNumber) -> FrameRun {
    let vmemmap = subsystem.vmemmap
    if let free = freeRun(at: pfn) { return FrameRun(word: 0, end: free) }
    guard topology.zone(of: pfn) != nil, !vmemmap.isBlank(pfn) else {
      return FrameRun(word: 0, end: pfn.advanced(by: 1))
    }
    let head = vmemmap.head(of: pfn)
    guard vmemmap.isHugeTLB(head), let order = vmemmap.folioOrder(at: head) else {
      return FrameRun(word: 0, end: pfn.advanced(by: 1))
    }
    let isUsed = vmemmap.references(to: head) > 0
    return FrameRun(
      word: isUsed ? 1 : 0, end: Folio(head: head, order: order).frames.upperBound)
  }

  /// The end of the section without descriptors, or of the free memory, that `pfn` lies in; nil if
  /// it is in neither.
  private func freeRun(at pfn: PageFrameNumber) -> PageFrameNumber? {
    let number = topology.sections.number(of: pfn)
    let section = topology.sections.frames(of: number)
    guard topology.sections[number].marks.contains([.hasMap, .online]) else {
      return section.upperBound
    }
    guard let zone = topology.zone(of: pfn) else { return nil }
    let lists = lists(of: zone)
    if lists.lock.withLock({ allocator.isFreeSection(number, in: lists) }) {
      return section.upperBound
    }
    return lists.lock.withLock { allocator.freeBlock(containing: pfn) }?.upperBound
  }

  private func flagRun(at pfn: PageFrameNumber) -> FrameRun {
    if let end = freeRun(at: pfn) {
      let number = topology.sections.number(of: pfn)
      guard topology.sections[number].marks.contains([.hasMap, .online]) else {
        return FrameRun(policy.marksMissingPages ? .noPage : [], end: end)
      }
      return FrameRun(.buddy, end: end)
    }
    guard topology.zone(of: pfn) != nil else {
      return FrameRun(.reserved, end: pfn.advanced(by: 1))
    }
    return usedRun(at: pfn)
  }

  /// The flags of a frame that is not free.
  private func usedRun(at pfn: PageFrameNumber) -> FrameRun {
    let vmemmap = subsystem.vmemmap
    if vmemmap.isBlank(pfn) { return FrameRun(.reserved, end: pfn.advanced(by: 1)) }
    let head = vmemmap.head(of: pfn)
    if vmemmap.isHugeTLB(head), let order = vmemmap.folioOrder(at: head) {
      return hugePageRun(at: pfn, of: Folio(head: head, order: order))
    }
    let format = vmemmap.format
    let (word, type) = vmemmap.with(pfn, for: .load) { ($0.flags, $0.counts.type) }
    var flags: PageFlags = []
    if word & format.hwpoison != 0 { flags.insert(.poisoned) }
    if word & format.reserved != 0 { flags.insert(.reserved) }
    if word & format.selfHosted != 0 { flags.insert(.privateToOwner) }
    if type == PageType.table.rawValue { flags.insert(.pageTable) }
    return FrameRun(flags, end: pfn.advanced(by: 1))
  }

  private func hugePageRun(at pfn: PageFrameNumber, of folio: Folio) -> FrameRun {
    let isPoisoned = subsystem.vmemmap.has(subsystem.vmemmap.format.hwpoison, at: folio.head)
    var flags: PageFlags = [.huge]
    let isHead = pfn == folio.head
    flags.insert(isHead ? .compoundHead : .compoundTail)
    if isPoisoned, isHead || policy.spreadsFolioMarks { flags.insert(.poisoned) }
    return FrameRun(flags, end: isHead ? pfn.advanced(by: 1) : folio.frames.upperBound)
  }
}
