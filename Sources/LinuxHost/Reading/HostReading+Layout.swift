// SPDX-License-Identifier: Apache-2.0

/// Choosing the best account of the physical address space that the host gives.
extension HostReading {
  /// Fills in the memory map.
  ///
  /// In this order: `/proc/iomem` (what the kernel uses now), the firmware's map (what it was given
  /// at boot, corrected by the memory blocks), the memory blocks, the zones, `MemTotal`. A map with
  /// less memory than the page allocator manages cannot be true, so the next one is taken.
  mutating func layOutMemory(_ layout: inout MemoryLayout) {
    let resources = readResources()
    let firmware = correct(readFirmwareMap(), by: layout.blocks)
    if accept(resources, from: Self.resourcePath, &layout) {
      trace(.memoryMap, .read, Self.resourcePath)
    } else if accept(firmware, from: Self.firmwareFolder, &layout) {
      trace(.memoryMap, .read, Self.firmwareFolder)
    } else if accept(blockMap(layout), from: Self.blockFolder, &layout) {
      trace(.memoryMap, .derived, Self.blockFolder)
      note(Self.blockFolder, "memory map made of whole blocks; holes inside a block do not show")
    } else if accept(zoneMap(layout), from: "/proc/zoneinfo", &layout) {
      trace(.memoryMap, .derived, "/proc/zoneinfo")
      note("/proc/zoneinfo", "memory map made of zones; their holes are taken to be at the end")
    } else if let total = layout.total {
      layout.map = Self.invented(total, layout)
      trace(.memoryMap, .assumed, "/proc/meminfo")
      note("/proc/meminfo", "memory map invented from MemTotal; addresses are not the host's")
      return
    }
    markOffline(&layout)
  }

  /// Takes `map` if it has as much memory as the page allocator manages.
  private mutating func accept(
    _ map: [MapEntry], from path: String, _ layout: inout MemoryLayout
  ) -> Bool {
    let found = map.ranges { $0.isOnlineMemory }.byteCount
    guard found >= layout.pageSize else { return false }
    guard found >= layout.total ?? 0 else {
      note(path, "lists less memory than MemTotal; not used for the memory map")
      return false
    }
    layout.map = map
    return true
  }

  /// Limits the firmware's map to the blocks that exist (`mem=` hides memory from the kernel), and
  /// adds blocks that it does not know (memory added after boot).
  private mutating func correct(
    _ map: [MapEntry], by blocks: HostDescription.MemoryBlocks?
  ) -> [MapEntry] {
    guard !map.isEmpty, let blocks else { return map }
    let memory = map.ranges { $0 == .usable }
    let existing = blocks.ranges { _ in true }
    let added = blocks.ranges { block in
      let start = block.number &* blocks.blockBytes
      return memory.intersection(RangeSet(start..<start &+ blocks.blockBytes)).isEmpty
    }.subtracting(map.ranges { $0 != .softReserved && $0 != .persistent })
    let used = memory.intersection(existing)
    if used != memory {
      note(Self.firmwareFolder, "has memory that the kernel does not use; left out")
    }
    if !added.isEmpty {
      note(Self.firmwareFolder, "lacks memory that was added after boot; taken from the blocks")
    }
    return Self.sanitized(
      map.filter { $0.kind != .usable } + Self.entries(used, .usable)
        + Self.entries(added, .driverManaged))
  }

  static func entries(_ ranges: RangeSet<UInt>, _ kind: MemoryKind) -> [MapEntry] {
    ranges.ranges.map { .init(start: $0.lowerBound, end: $0.upperBound, kind: kind) }
  }

  private func blockMap(_ layout: MemoryLayout) -> [MapEntry] {
    layout.blocks.map { Self.entries($0.ranges { $0.state != .offline }, .usable) } ?? []
  }

  private func zoneMap(_ layout: MemoryLayout) -> [MapEntry] {
    let zones = layout.zones.filter { $0.name != "Device" }
    return Self.entries(
      RangeSet(
        zones.map { zone in
          let start = zone.startFrame &* layout.pageSize
          return start..<start &+ zone.presentPages &* layout.pageSize
        }), .usable)
  }

  /// A map with as much memory as a host with `total` under its page allocator usually has.
  ///
  /// The allocator never sees the descriptors: 64 bytes for each page. On x86 the last gigabyte
  /// below 4 GiB belongs to devices.
  private static func invented(_ total: UInt, _ layout: MemoryLayout) -> [MapEntry] {
    let granule: UInt = 128 << 20
    let descriptors = total / (layout.pageSize / 64 - 1)
    let size = (total + descriptors + granule - 1) / granule * granule
    let low = layout.architecture == "x86_64" ? min(size, 3 << 30) : size
    var map = [MapEntry(start: 0, end: low, kind: .usable)]
    if size > low {
      let start: UInt = 4 << 30
      map.append(.init(start: start, end: start + size - low, kind: .usable))
    }
    return map
  }

  /// Marks the memory of blocks that are offline.
  private func markOffline(_ layout: inout MemoryLayout) {
    guard let blocks = layout.blocks else { return }
    let offline = layout.online.intersection(blocks.ranges { $0.state == .offline })
    guard !offline.isEmpty else { return }
    layout.map = Self.sanitized(layout.map + Self.entries(offline, .offline))
  }
}
