// SPDX-License-Identifier: Apache-2.0

/// Adds memory to a running system and takes it away again, block by block.
///
/// ```
///          add                     online                       offline              remove
/// nothing ─────▶ descriptors, ────▶ zone has the frames, ────▶ frames taken ────▶ nothing
///                block "offline"    allocator gives them out   back, empty again
///
/// a block that holds its own descriptors:
///  │ p frames of descriptors, in use from add to remove │ memory, in use while online │
/// ```
///
/// One lock makes all of this one thing after another; requests for memory go on meanwhile. What
/// fails leaves everything as it was, but for huge pages that were given up on the way.
///
/// - Linux: `mm/memory_hotplug.c`, `drivers/base/memory.c` (spec 08).
final class MemoryHotplug: @unchecked Sendable {
  let policy: HotplugPolicy
  let settings: HotplugSettings
  let hugeTLB: HugeTLB
  /// The size of blocks.
  let blockOrder: PageOrder
  let blocks: MemoryBlockTable
  let listeners = HotplugListeners()
  /// Memory that boot found, whatever it is used for.
  let firmwareMap: MemoryMap
  /// Held while memory comes or goes.
  ///
  /// - Linux: `device_hotplug_lock` and `mem_hotplug_lock`.
  let lock = SpinLock(.hotplug)
  /// Held while one of the lists changes that others read without ``lock``; inside it.
  private let listLock = SpinLock(.list)
  private var addedMemory: [AddedMemory] = []
  private var vacatedRanges: [Range<PhysicalAddress>] = []
  private var deviceGroups: [MemoryGroup] = []
  /// The number of the next group; guarded by ``lock``.
  var nextGroup: UInt = 0
  /// Frames that the kernel took for itself on nodes that came late; guarded by ``lock``.
  var framesOfNodes: [FrameRange] = []

  init(
    policy: HotplugPolicy, settings: HotplugSettings, hugeTLB: HugeTLB, firmwareMap: MemoryMap,
    blockSize: BlockSizeRule
  ) {
    self.policy = policy
    self.settings = settings
    self.hugeTLB = hugeTLB
    self.firmwareMap = firmwareMap
    let topology = hugeTLB.topology
    let format = hugeTLB.optimizer.tables.format
    let isX86 = format.regime == .x86FourLevel || format.regime == .x86FiveLevel
    let byteCount = blockSize.byteCount(
      section: 1 << format.sectionShift, end: format.pageSize.address(of: topology.end).rawValue,
      growsWithMemory: isX86, takesAdvice: policy.takesBlockSizeAdvice)
    blockOrder = PageOrder(holding: byteCount >> format.pageSize.shift)
    blocks = MemoryBlockTable(Self.earlyBlocks(of: topology, blockOrder))
  }

  var topology: MemoryTopology { hugeTLB.topology }
  var allocator: PageAllocator { hugeTLB.allocator }
  var optimizer: VmemmapOptimizer { hugeTLB.optimizer }
  var vmemmap: Vmemmap { hugeTLB.vmemmap }
  var format: PagingFormat { optimizer.tables.format }
  var population: SectionPopulation { SectionPopulation(optimizer: optimizer) }

  /// The arithmetic of blocks that hold their own descriptors.
  var memmapOnMemory: MemmapOnMemory {
    MemmapOnMemory(
      mode: settings.memmapOnMemory, format: format, blockPageCount: blockOrder.pageCount)
  }

  /// All that was added and not removed, in the order in which it came.
  var added: [AddedMemory] { listLock.withLock { addedMemory } }

  /// Memory that boot found and that was removed.
  var vacated: [Range<PhysicalAddress>] { listLock.withLock { vacatedRanges } }

  /// Devices' groups of blocks.
  var groups: [MemoryGroup] { listLock.withLock { deviceGroups } }

  /// Changes the list of what was added. The caller holds ``lock``.
  func changeAdded(_ body: (inout [AddedMemory]) -> Void) {
    listLock.withLock { body(&addedMemory) }
  }

  /// Notes that memory which boot found is gone. The caller holds ``lock``.
  func noteVacated(_ range: Range<PhysicalAddress>) {
    listLock.withLock { vacatedRanges.append(range) }
  }

  /// Changes the groups. The caller holds ``lock``.
  func changeGroups(_ body: (inout [MemoryGroup]) -> Void) {
    listLock.withLock { body(&deviceGroups) }
  }

  /// The frames of block `number`.
  func frames(ofBlock number: UInt) -> FrameRange {
    FrameRange(
      start: PageFrameNumber(number &* blockOrder.pageCount), pageCount: blockOrder.pageCount)
  }

  /// The numbers of the blocks that `frames`, whole blocks, consist of.
  func blockNumbers(of frames: FrameRange) -> Range<UInt> {
    let size = blockOrder.pageCount
    return frames.lowerBound.rawValue / size..<frames.upperBound.rawValue / size
  }

  // MARK: Blocks of the boot

  private static func earlyBlocks(
    of topology: MemoryTopology, _ order: PageOrder
  ) -> [MemoryBlock] {
    var blocks: [MemoryBlock] = []
    let pieces = topology.nodes.flatMap { node in
      node.memory.map { NodeMemory(node: node.id, frames: $0) }
    }.sorted { $0.frames.lowerBound < $1.frames.lowerBound }
    for piece in pieces {
      let first = piece.frames.lowerBound.aligned(downTo: order).rawValue / order.pageCount
      let last = piece.frames.upperBound.advanced(by: -1).rawValue / order.pageCount
      for number in first...last {
        if blocks.last?.number == number {
          blocks[blocks.count - 1].insertNode(piece.node)
        } else if isPresent(number, order, in: topology) {
          blocks.append(earlyBlock(number, order, node: piece.node, in: topology))
        }
      }
    }
    return blocks
  }

  private static func isPresent(
    _ number: UInt, _ order: PageOrder, in topology: MemoryTopology
  ) -> Bool {
    let sections = topology.sections
    let count = order.pageCount / sections.order.pageCount
    return (number * count..<(number + 1) * count).contains {
      sections[SectionNumber($0)].marks.contains(.present)
    }
  }

  private static func earlyBlock(
    _ number: UInt, _ order: PageOrder, node: NodeID, in topology: MemoryTopology
  ) -> MemoryBlock {
    let frames = FrameRange(
      start: PageFrameNumber(number * order.pageCount), pageCount: order.pageCount)
    var zones: [Int] = []
    for candidate in topology.nodes {
      let own = candidate.memory.filter { $0.overlaps(frames) }.map { $0.clamped(to: frames) }
      zones += candidate.zoneIndexes.filter { index in
        own.contains { $0.overlaps(topology.zones[index].span) }
      }
    }
    return MemoryBlock(
      number: number, state: .online, zoneIndex: zones.count == 1 ? zones[0] : nil,
      nodes: [node], isEarly: true)
  }
}

extension MemoryBlock {
  /// Notes that a node has memory in the block.
  fileprivate mutating func insertNode(_ node: NodeID) {
    guard !nodes.contains(node) else { return }
    nodes.append(node)
    nodes.sort()
  }
}
