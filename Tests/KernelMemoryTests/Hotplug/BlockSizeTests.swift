// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// How large the pieces are in which memory comes and goes: spec 08 section 2.
@Suite struct `The size of memory blocks` {
  /// A machine and its blocks, in MiB.
  struct Case: Sendable, CustomTestStringConvertible {
    var end: UInt
    var hasHypervisor = false
    var advice: UInt?
    var forced: UInt?
    var takesAdvice = true
    let block: UInt

    var testDescription: String {
      "end \(end), \(hasHypervisor ? "guest" : "metal"), advice \(advice ?? 0): \(block)"
    }

    func blockByteCount(section: UInt = 128, growsWithMemory: Bool = true) -> UInt {
      let rule = BlockSizeRule(
        hasHypervisor: hasHypervisor, advice: advice.map { $0 << 20 },
        forced: forced.map { $0 << 20 })
      return rule.byteCount(
        section: section << 20, end: end << 20, growsWithMemory: growsWithMemory,
        takesAdvice: takesAdvice) >> 20
    }
  }

  private static let gib: UInt = 1024

  /// P-MHP 1: the table of spec 08 section 2, and its edges.
  @Test(arguments: [
    Case(end: 32 * gib, block: 128),
    Case(end: 32 * gib, hasHypervisor: true, advice: 1024, block: 128),
    Case(end: 64 * gib - 128, hasHypervisor: true, block: 128),
    Case(end: 64 * gib, hasHypervisor: true, block: 2048),
    Case(end: 65 * gib, hasHypervisor: true, block: 1024),
    Case(end: 256 * gib, hasHypervisor: true, block: 2048),
    Case(end: 256 * gib + 256, hasHypervisor: true, block: 256),
    Case(end: 256 * gib + 256, block: 2048),
    Case(end: 256 * gib + 256, advice: 1024, block: 256),
    Case(end: 256 * gib + 128, hasHypervisor: true, block: 128),
    Case(end: 256 * gib + 1, hasHypervisor: true, block: 128),
    // Advice is a limit, within what blocks can be, and counts on bare metal, too.
    Case(end: 256 * gib, advice: 512, block: 512),
    Case(end: 256 * gib, advice: 1, block: 128),
    Case(end: 256 * gib, advice: 64 * gib, block: 2048),
    // Elder kernels do not listen.
    Case(end: 256 * gib + 256, advice: 1024, takesAdvice: false, block: 2048),
    Case(end: 256 * gib, hasHypervisor: true, advice: 256, takesAdvice: false, block: 2048),
    // Platforms know best, within reason.
    Case(end: 32 * gib, forced: 2048, block: 2048),
    Case(end: 256 * gib, forced: 64 * gib, block: 64 * gib),
    Case(end: 256 * gib, forced: 128 * gib, block: 2048),
    Case(end: 256 * gib, forced: 64, block: 2048),
    Case(end: 256 * gib, forced: 384, block: 2048),
  ])
  func `on x86 follows the end of memory and whoever knows better`(known: Case) {
    #expect(known.blockByteCount() == known.block)
  }

  @Test(arguments: [16, 128, 512] as [UInt], [8, 64, 1024] as [UInt])
  func `elsewhere is that of a section`(section: UInt, end: UInt) {
    let known = Case(end: end << 10, hasHypervisor: true, block: section)
    #expect(known.blockByteCount(section: section, growsWithMemory: false) == section)
  }

  /// Every end has a power of two that divides it, down to a section.
  @Test func `divides the memory of a guest`() {
    for end in stride(from: UInt(64 << 10), through: 96 << 10, by: 128) {
      let size = Case(end: end, hasHypervisor: true, block: 0).blockByteCount()
      #expect(size.nonzeroBitCount == 1 && (128...2048).contains(size))
      #expect(end % size == 0)
      #expect(size == 2048 || end % (size * 2) != 0, "a larger one would have done")
    }
  }

  @Test func `shows in files and decides what can be added`() throws {
    let host = try HotplugHost(blockSize: BlockSizeRule(forced: 1 << 30))
    #expect(host.read("/sys/devices/system/memory/block_size_bytes") == "40000000")
    #expect(host.hotplug.blocks.all.map { $0.number } == [0])
    let half = PhysicalAddress(4 << 30)..<PhysicalAddress(4 << 30 + 512 << 20)
    #expect(throws: HotplugError.invalid) { try host.hotplug.add(half, to: host.node) }
    try host.plug(2, as: .onlineMovable)
    #expect(host.zone(.movable).presentPageCount == 2 << 18)
    #expect(host.complaints == [])
  }

  /// P-MHP 2: all sections of a block are online together, or none is.
  @Test(arguments: NamedKernel.all)
  func `may be many sections`(kernel: NamedKernel) throws {
    let host = try HotplugHost(kernel.design, blockSize: BlockSizeRule(forced: 512 << 20))
    let sections = host.subsystem.topology.sections
    let first = sections.number(of: host.hotplug.frames(ofBlock: host.first).lowerBound).rawValue
    func onlineCount() -> Int {
      (first..<first + 4).count { sections[SectionNumber($0)].marks.contains(.online) }
    }
    try host.hotplug.add(host.range(1), to: host.node)
    #expect(onlineCount() == 0)
    try host.hotplug.online(host.first, as: .onlineKernel)
    #expect(onlineCount() == 4)
    #expect(host.complaints == [])
  }
}
