// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// A host's memory as a twin boots it: the map, the nodes, and what is in use already.
struct HostLayout {
  let host: HostDescription
  let format: PagingFormat

  init(_ host: HostDescription, format: PagingFormat) {
    (self.host, self.format) = (host, format)
  }

  /// The memory map in the firmware's terms.
  var memoryMap: MemoryMap {
    MemoryMap(
      host.memoryMap.map { entry in
        MemoryMapEntry(
          PhysicalAddress(entry.start)..<PhysicalAddress(max(entry.start, entry.end)),
          Self.kind(entry.kind))
      })
  }

  private static func kind(_ kind: HostDescription.MemoryKind) -> MemoryKind {
    switch kind {
    case .usable, .driverManaged: .usable
    case .offline, .reserved: .reserved
    case .firmwareTables: .acpi
    case .firmwareStorage: .nvs
    case .softReserved: .softReserved
    case .persistent: .persistent
    case .unusable: .unusable
    }
  }

  /// The nodes with their memory and distances.
  func nodeLayout() throws(InputError) -> NodeLayout {
    guard host.nodes.count > 1 || host.nodes.first?.id != 0 else { return .single }
    let ranges = host.nodes.flatMap { node in
      node.memory.map {
        NodeRange(
          node: NodeID(node.id),
          range: PhysicalAddress($0.lowerBound)..<PhysicalAddress($0.upperBound))
      }
    }
    let memoryless = host.nodes.filter(\.isMemoryless).map { NodeID($0.id) }
    for distances in [distances, nil] {
      if let layout = try? NodeLayout(
        ranges: ranges, memorylessNodes: memoryless, distances: distances)
      {
        return layout
      }
    }
    throw InputError(
      "the host's nodes overlap or are numbered beyond \(NodeID.limit); "
        + "describe its memory with --memory instead")
  }

  /// The nodes' distances, if the host tells them for all.
  private var distances: [[Int]]? {
    let rows = host.nodes.map { $0.distances.map { Int(min($0, 255)) } }
    return rows.allSatisfy { $0.count == host.nodes.count } ? rows : nil
  }

  // MARK: Memory in use

  /// The memory that pools of huge pages could have on each node: what is free, what can be
  /// reclaimed, and what the host's own pools hold.
  ///
  /// - Unit: bytes.
  var memoryForPools: [Int: UInt] {
    let pooled = host.nodes.map(Self.pooledBytes)
    guard host.nodes.count > 1, host.nodes.contains(where: { $0.free != nil }) else {
      let own = host.memory.hugeTLB ?? pooled.reduce(0, +)
      let free = host.memory.available ?? host.memory.free ?? memoryByteCount
      return [host.nodes.first?.id ?? 0: free.clampedSum(own)]
    }
    return Dictionary(
      uniqueKeysWithValues: host.nodes.enumerated().map { index, node in
        (node.id, (node.free ?? 0).clampedSum(reclaimable(on: node)).clampedSum(pooled[index]))
      })
  }

  private static func pooledBytes(on node: HostDescription.Node) -> UInt {
    node.hugePages.reduce(0) { sum, pool in
      let (bytes, overflow) = (pool.total ?? 0).multipliedReportingOverflow(by: pool.pageBytes)
      return overflow ? .max : sum.clampedSum(bytes)
    }
  }

  /// The node's part of what the kernel could reclaim, in proportion to what it has in use.
  private func reclaimable(on node: HostDescription.Node) -> UInt {
    guard let available = host.memory.available, let free = host.memory.free, available > free
    else { return 0 }
    func used(_ node: HostDescription.Node) -> Double {
      let total = Double(node.total ?? node.memoryBytes)
      return max(0, total - Double(node.free ?? 0) - Double(Self.pooledBytes(on: node)))
    }
    let all = host.nodes.reduce(0) { $0 + used($1) }
    return all > 0 ? UInt(Double(available - free) * used(node) / all) : 0
  }

  private var memoryByteCount: UInt { host.nodes.reduce(0) { $0.clampedSum($1.memoryBytes) } }

  /// What is in use on each node beside huge pages and descriptors.
  var occupiedBytes: [BootConfiguration.NodeBytes] {
    let available = memoryForPools
    return host.nodes.map { node in
      let descriptors = node.memoryBytes / format.pageSize.byteCount * 64
      let boot = node.memoryBytes - min(node.memoryBytes, descriptors)
      let free = min(boot, available[node.id] ?? 0)
      return BootConfiguration.NodeBytes(node: NodeID(node.id), byteCount: boot - free)
    }
  }

  /// What must be said about all this.
  var notes: [String] {
    host.notes.map { "\($0)" }
  }
}

extension UInt {
  /// The sum, or the largest number where there is none.
  fileprivate func clampedSum(_ other: UInt) -> UInt {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
