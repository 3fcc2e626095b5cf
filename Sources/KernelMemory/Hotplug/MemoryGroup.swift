// SPDX-License-Identifier: Apache-2.0

/// The number of a group of memory blocks.
///
/// - Linux: `mgid`.
public struct MemoryGroupID: Hashable, Sendable {
  /// The number itself.
  public let rawValue: UInt

  init(_ rawValue: UInt) { self.rawValue = rawValue }
}

/// The memory blocks of one device, which hot-plug treats as one when it chooses zones.
///
/// - Linux: `struct memory_group`.
struct MemoryGroup: Sendable {
  /// What is known of the device.
  enum Kind: Equatable, Sendable {
    /// All its memory is added at once: so many pages at most.
    case fixed(pageCount: UInt)
    /// Memory comes and goes in units of so many pages.
    case dynamic(unitPageCount: UInt)
  }

  let id: MemoryGroupID
  let node: NodeID
  let kind: Kind
  /// Pages that are online in zones for the kernel.
  var kernelPageCount: UInt = 0
  /// Pages that are online in movable zones.
  var movablePageCount: UInt = 0

  /// The pages of a dynamic group's unit.
  var unitPageCount: UInt? {
    if case .dynamic(let count) = kind { return count }
    return nil
  }
}

extension MemoryHotplug {
  /// Makes a group for a device all of whose memory, `pageCount` pages at most, is added at once.
  ///
  /// - Throws: ``HotplugError/invalid`` if there is no such node or the group could hold nothing.
  /// - Linux: `memory_group_register_static()`.
  func makeGroup(on node: NodeID, pageCount: UInt) throws(HotplugError) -> MemoryGroupID {
    guard pageCount > 0 else { throw .invalid }
    return try makeGroup(on: node, .fixed(pageCount: pageCount))
  }

  /// Makes a group for a device whose memory comes and goes in units of `unitPageCount` pages.
  ///
  /// - Throws: ``HotplugError/invalid`` if there is no such node, or if the unit is no power of two or
  ///   less than a block.
  /// - Linux: `memory_group_register_dynamic()`.
  func makeGroup(on node: NodeID, unitPageCount: UInt) throws(HotplugError) -> MemoryGroupID {
    guard unitPageCount.nonzeroBitCount == 1, unitPageCount >= blockOrder.pageCount else {
      throw .invalid
    }
    return try makeGroup(on: node, .dynamic(unitPageCount: unitPageCount))
  }

  private func makeGroup(
    on node: NodeID, _ kind: MemoryGroup.Kind
  ) throws(HotplugError) -> MemoryGroupID {
    guard topology.node(node) != nil else { throw .invalid }
    return lock.withLock {
      let id = MemoryGroupID(nextGroup)
      nextGroup &+= 1
      groups.append(MemoryGroup(id: id, node: node, kind: kind))
      return id
    }
  }

  /// Forgets a group.
  ///
  /// - Throws: ``HotplugError/busy`` if it has blocks, ``HotplugError/invalid`` if there is none.
  /// - Linux: `memory_group_unregister()`.
  func removeGroup(_ id: MemoryGroupID) throws(HotplugError) {
    try lock.withLock { () throws(HotplugError) in
      guard groups.contains(where: { $0.id == id }) else { throw .invalid }
      guard !blocks.all.contains(where: { $0.group == id }) else { throw .busy }
      groups.removeAll { $0.id == id }
    }
  }

  /// The group `id`. The caller holds ``lock``.
  func group(_ id: MemoryGroupID?) -> MemoryGroup? {
    id.flatMap { id in groups.first { $0.id == id } }
  }

  /// Counts pages of a group that went online, or offline if negative. The caller holds ``lock``.
  func count(_ pages: Int, of group: MemoryGroupID?, in zone: Zone) {
    guard let index = groups.firstIndex(where: { $0.id == group }) else { return }
    let change = UInt(bitPattern: pages)
    if zone.kind == .movable {
      groups[index].movablePageCount &+= change
    } else {
      groups[index].kernelPageCount &+= change
    }
  }
}
