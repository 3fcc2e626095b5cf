// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Which zone a block's memory goes to (spec 08 section 4.1). The caller holds the hot-plug lock, or
// only wants to know what would happen.

extension MemoryHotplug {
  /// The zone for a block that goes online as `type`.
  ///
  /// - Linux: `zone_for_pfn_range()`.
  func zone(for block: MemoryBlock, _ type: OnlineType) -> Zone? {
    guard let id = block.nodes.first, let node = topology.node(id) else { return nil }
    let frames = frames(ofBlock: block.number)
    switch type {
    case .offline: return nil
    case .onlineKernel: return kernelZone(of: node, for: frames)
    case .onlineMovable: return movableZone(of: node)
    case .online:
      switch settings.policy {
      case .contiguousZones: return contiguousZone(of: node, for: frames)
      case .autoMovable:
        return allowsMovable(block, on: node)
          ? movableZone(of: node) : kernelZone(of: node, for: frames)
      }
    }
  }

  /// All zones that an offline block may go to, the one that a plain "online" takes first.
  ///
  /// - Linux: `valid_zones_show()`.
  func choices(for block: MemoryBlock) -> [Zone] {
    var zones: [Zone] = []
    for type in [OnlineType.online, .onlineKernel, .onlineMovable] {
      guard let zone = zone(for: block, type), !zones.contains(where: { $0 === zone }) else {
        continue
      }
      zones.append(zone)
    }
    return zones
  }

  /// The lowest of the kernel's zones whose span `frames` touch; the normal one if there is none.
  private func kernelZone(of node: MemoryNode, for frames: FrameRange) -> Zone? {
    let zones = node.zoneIndexes.map { topology.zones[$0] }
    return zones.first { $0.kind < .normal && $0.span.overlaps(frames) }
      ?? zones.first { $0.kind == .normal }
  }

  private func movableZone(of node: MemoryNode) -> Zone? {
    node.zoneIndexes.map { topology.zones[$0] }.first { $0.kind == .movable }
  }

  /// The one zone whose span `frames` touch, or what was decided at boot.
  private func contiguousZone(of node: MemoryNode, for frames: FrameRange) -> Zone? {
    let kernel = kernelZone(of: node, for: frames)
    let movable = movableZone(of: node)
    let touchesKernel = kernel?.span.overlaps(frames) ?? false
    let touchesMovable = movable?.span.overlaps(frames) ?? false
    guard touchesKernel == touchesMovable else { return touchesKernel ? kernel : movable }
    return settings.keepsHotPluggableMemoryMovable ? movable : kernel
  }

  // MARK: Movable as long as there is enough for the kernel

  /// Pages of memory for the kernel and of movable memory.
  private struct Balance {
    var kernel = 0
    var movable = 0
  }

  private func allowsMovable(_ block: MemoryBlock, on node: MemoryNode) -> Bool {
    let ratio = Int(settings.autoMovableRatio.load(ordering: .relaxed))
    guard ratio > 0, let wanted = pagesToCome(with: block) else { return false }
    func allows(_ scope: NodeID?) -> Bool {
      guard let balance = balance(of: scope, for: block.group, ratio: ratio) else { return false }
      let (product, isTooLarge) = balance.kernel.multipliedReportingOverflow(by: ratio)
      return isTooLarge || balance.movable + wanted <= product / 100
    }
    guard allows(nil) else { return false }
    return !settings.isAutoMovableNodeAware.load(ordering: .relaxed) || allows(node.id)
  }

  /// The pages that will follow the block into its zone, its own included; nil if some that belong
  /// with it are the kernel's already.
  private func pagesToCome(with block: MemoryBlock) -> Int? {
    let size = blockOrder.pageCount
    guard let group = group(block.group) else { return Int(size) }
    switch group.kind {
    case .fixed(let total):
      guard group.kernelPageCount == 0 else { return nil }
      return Int(total) - Int(group.movablePageCount)
    case .dynamic(let unit):
      guard unit > size else { return Int(size) }
      let count = unit / size
      let first = block.number / count * count
      let online = blocks.blocks(in: first..<first + count).filter { $0.state != .offline }
      let areMovable = online.allSatisfy { other in
        other.zoneIndex.map { topology.zones[$0].kind == .movable } ?? false
      }
      return areMovable ? Int(unit) - online.count * Int(size) : nil
    }
  }

  /// What counts of a node's memory, or of all; nil if other devices have the kernel's share spoken
  /// for.
  ///
  /// Memory for the kernel counts only if it was there at boot: added memory may be gone tomorrow. What
  /// devices bring themselves for their own movable memory is theirs.
  private func balance(
    of scope: NodeID?, for own: MemoryGroupID?, ratio: Int
  ) -> Balance? {
    var balance = Balance()
    for zone in topology.zones where scope == nil || zone.node == scope {
      let contiguous = Int(zone.contiguousArea.load(ordering: .relaxed))
      if zone.kind == .movable {
        balance.movable += Int(zone.presentPageCount)
      } else if zone.kind < .movable {
        balance.kernel += Int(zone.earlyPresent.load(ordering: .relaxed)) - contiguous
        balance.movable += contiguous
      }
    }
    for group in groups where scope == nil || group.node == scope {
      guard group.unitPageCount != nil else { continue }
      if group.id == own {
        balance.kernel += Int(group.kernelPageCount)
        continue
      }
      let (kernel, movable) = (Int(group.kernelPageCount), Int(group.movablePageCount))
      balance.kernel -= max(0, movable * 100 / ratio - kernel)
      balance.movable -= movable
      if balance.kernel <= 0 { return nil }
    }
    return balance
  }
}
