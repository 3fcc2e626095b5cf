// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory
import KernelMemoryLab

/// A machine with room for memory behind what it boots with, in units of memory blocks.
struct HotplugHost {
  let host: TestHost
  /// The number of the first block that can be added.
  let first: UInt

  var subsystem: MemorySubsystem { host.subsystem }
  var hotplug: MemoryHotplug { subsystem.hotplug }
  var allocator: PageAllocator { subsystem.allocator }
  var vmemmap: Vmemmap { subsystem.vmemmap }
  var complaints: [String] { host.complaints }
  var pool: HugePagePool { subsystem.hugeTLB.pools[0] }
  let node = NodeID(0)

  /// Boots with 1 GiB; further blocks begin at 4 GiB, above all zones with limits.
  init(
    _ kernel: KernelDesign = .unified, format: PagingFormat = .x86FourLevel,
    memory: UInt = 1 << 30, nodes: Int = 1, cpus: Int = 1, commandLine: String = "",
    threading: HostedMachine.Threading = .one, room: UInt = 12 << 30,
    blockSize: BlockSizeRule = BlockSizeRule()
  ) throws {
    host = try TestHost(
      memory: memory, nodes: nodes, kernel: kernel, format: format, cpus: cpus,
      commandLine: commandLine, threading: threading, room: room, blockSize: blockSize)
    let size = host.subsystem.hotplug.blockOrder.pageCount << format.pageSize.shift
    first = (4 << 30) / size
  }

  /// Boots with room that belongs to node 1, which has nothing else.
  init(lateNode kernel: KernelDesign, commandLine: String = "") throws {
    let window = PhysicalAddress(4 << 30)..<PhysicalAddress(8 << 30)
    let own = PhysicalAddress(0)..<PhysicalAddress(1 << 30)
    host = try TestHost(
      map: TestHost.memoryMap(of: 1 << 30),
      layout: NodeLayout(ranges: [
        NodeRange(node: NodeID(0), range: own),
        NodeRange(node: NodeID(1), range: window, isHotPluggable: true),
      ]), kernel: kernel, commandLine: commandLine, room: 8 << 30)
    first = 32
  }

  /// Adds `count` blocks from the `offset`-th on to `node` and brings them online as `type`.
  func plug(
    _ count: UInt = 1, from offset: UInt = 0, node: NodeID = NodeID(0), as type: OnlineType,
    _ options: AddOptions = [], group: MemoryGroupID? = nil
  ) throws {
    try hotplug.add(range(count, from: offset), to: node, options, group: group)
    for number in first + offset..<first + offset + count {
      try hotplug.online(number, as: type)
    }
  }

  /// The kind of the zone that has the block `offset`, if it is online.
  func kind(ofBlock offset: UInt) -> ZoneKind? {
    hotplug.blocks[first + offset]?.zoneIndex.map { subsystem.topology.zones[$0].kind }
  }

  /// The addresses of `count` blocks, from the `offset`-th that can be added on.
  func range(_ count: UInt, from offset: UInt = 0) -> Range<PhysicalAddress> {
    let size = hotplug.blockOrder.pageCount << subsystem.format.pageSize.shift
    let start = (first + offset) * size
    return PhysicalAddress(start)..<PhysicalAddress(start + count * size)
  }

  var digest: SubsystemDigest { SubsystemDigest(of: subsystem) }

  func zone(_ kind: ZoneKind, node: NodeID = NodeID(0)) -> Zone {
    guard let zone = subsystem.topology.zones.first(where: { $0.kind == kind && $0.node == node })
    else { preconditionFailure("every node has every zone") }
    return zone
  }

  /// What the file at `path` reads as, without its newline.
  func read(_ path: String) -> String {
    guard let bytes = try? InterfaceTree(subsystem).read(Array(path.utf8)[...]) else { return "?" }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters()
  }

  /// The error of writing `text` to the file at `path`.
  func write(_ text: String, _ path: String) -> InterfaceError? {
    do throws(InterfaceError) {
      try InterfaceTree(subsystem).write(Array(text.utf8)[...], to: Array(path.utf8)[...])
      return nil
    } catch {
      return error
    }
  }

  /// The path of a file of a block.
  func path(_ offset: UInt, _ file: String) -> String {
    "/sys/devices/system/memory/memory\(first + offset)/\(file)"
  }
}

extension String {
  fileprivate func trimmingCharacters() -> String {
    var text = self[...]
    while let last = text.last, last.isNewline { text.removeLast() }
    return String(text)
  }
}
