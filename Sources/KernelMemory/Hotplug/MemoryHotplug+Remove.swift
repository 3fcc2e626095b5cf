// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension MemoryHotplug {
  /// Removes the memory at `range`, all of which is offline.
  ///
  /// - Throws: ``HotplugError/busy`` if a block is not offline, ``HotplugError/invalid`` if the range
  ///   is not made of whole blocks or this kernel does not remove such a mixture; nothing changed.
  /// - Linux: `remove_memory()`, `try_remove_memory()` (spec 08 section 7).
  func remove(_ range: Range<PhysicalAddress>) throws(HotplugError) {
    try lock.withLock { () throws(HotplugError) in try removeLocked(range) }
  }

  private func removeLocked(_ range: Range<PhysicalAddress>) throws(HotplugError) {
    let frames = format.pageSize.wholePages(in: range)
    let size = blockOrder.pageCount
    guard !frames.isEmpty, frames.lowerBound.rawValue % size == 0, frames.pageCount % size == 0,
      range.upperBound.rawValue <= vmemmap.machine.span
    else { throw .invalid }
    let numbers = blockNumbers(of: frames)
    let doomed = blocks.blocks(in: numbers)
    guard !doomed.contains(where: { $0.state != .offline }) else { throw .busy }
    guard !doomed.isEmpty else { throw .invalid }
    try checkUniformity(of: doomed, count: numbers.count)
    for block in doomed { discard(block.number) }
    changeAdded { added in
      added = added.flatMap { memory in memory.without(range) }
    }
    let nodes = doomed.flatMap { $0.nodes }
    for node in topology.nodes where nodes.contains(node.id) { offlineIfEmpty(node) }
  }

  /// Makes sure that the way in which descriptors were allocated can be undone.
  private func checkUniformity(of doomed: [MemoryBlock], count: Int) throws(HotplugError) {
    guard settings.memmapOnMemory != .off else { return }
    let selfHosted = doomed.count { $0.altmap != nil }
    guard selfHosted > 0 else { return }
    switch policy.removal {
    case .strict: if count != 1 { throw .invalid }
    case .uniform: if selfHosted != doomed.count { throw .invalid }
    }
  }

  /// Forgets a node that has no memory and no processors any more.
  ///
  /// - Linux: `try_offline_node()`.
  private func offlineIfEmpty(_ node: MemoryNode) {
    let hasProcessors = topology.nodes[hugeTLB.localNode].id == node.id
    let hasBlocks = blocks.all.contains { $0.nodes.contains(node.id) }
    let hasDevices = !node.deviceMemory.ranges.isEmpty
    guard !hasProcessors, !hasBlocks, !hasDevices, !node.hasMemory else { return }
    node.presence.isOnline.store(false, ordering: .relaxed)
  }
}

extension AddedMemory {
  /// What is left when `gone` is taken away.
  fileprivate func without(_ gone: Range<PhysicalAddress>) -> [AddedMemory] {
    guard range.overlaps(gone) else { return [self] }
    var left: [AddedMemory] = []
    if range.lowerBound < gone.lowerBound {
      left.append(AddedMemory(range: range.lowerBound..<gone.lowerBound, source: source))
    }
    if gone.upperBound < range.upperBound {
      left.append(AddedMemory(range: gone.upperBound..<range.upperBound, source: source))
    }
    return left
  }
}
