// SPDX-License-Identifier: Apache-2.0

extension Observation {
  init(_ field: RecordField) throws(RecordError) {
    self.init()
    memTotal = try field.optional("MemTotal")?.integer()
    memmapPages = try field.optional("nr_memmap_pages")?.integer()
    bootMemmapPages = try field.optional("nr_memmap_boot_pages")?.integer()
    freePages = try field.optional("free")?.integer()
    pools = try field.optional("pools")?.pools() ?? [:]
    for (name, node) in try field.optional("node_pools")?.entries() ?? [] {
      guard let number = Int(name), (0...1023).contains(number) else {
        throw node.malformed(expected: "a node number from 0 to 1023 as the name")
      }
      nodePools[number] = try node.pools()
    }
    for (name, zone) in try field.optional("zones")?.entries() ?? [] {
      guard let key = RecordedZone(name) else {
        throw zone.malformed(expected: "a zone such as 0/DMA32 as the name")
      }
      zones[key] = try ZoneCounts(zone)
    }
    if let walk = try field.optional("vmemmap") { vmemmap = try VmemmapCounts(walk) }
    vmallocHugeLeaves = try field.optional("vmalloc")?.member("huge_leaves").integer()
  }
}

extension RecordField {
  /// Pools by the name of their size.
  fileprivate func pools() throws(RecordError) -> [RecordedPageSize: PoolCounts] {
    var pools: [RecordedPageSize: PoolCounts] = [:]
    for (name, pool) in try entries() {
      guard let size = RecordedPageSize(name: name) else {
        throw pool.malformed(expected: "a page size such as 2048kB as the name")
      }
      pools[size] = PoolCounts(
        count: try pool.member("nr").integer(), free: try pool.member("free").integer(),
        surplus: try pool.member("surplus").integer(),
        reserved: try pool.optional("reserved")?.integer(),
        overcommit: try pool.optional("overcommit")?.unsigned())
    }
    return pools
  }
}

extension RecordedZone {
  /// Creates the zone from its name in records, such as `0/DMA32`.
  init?(_ name: String) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let node = Int(parts[0]), (0...1023).contains(node),
      !parts[1].isEmpty
    else { return nil }
    self.init(node: node, name: String(parts[1]))
  }
}

extension ZoneCounts {
  fileprivate init(_ field: RecordField) throws(RecordError) {
    self.init(
      spanned: try field.member("spanned").integer(),
      present: try field.member("present").integer(),
      managed: try field.member("managed").integer())
  }
}

extension VmemmapCounts {
  fileprivate init(_ field: RecordField) throws(RecordError) {
    var frames: [Int: Int] = [:]
    for (name, count) in try field.member("shared_frames").entries() {
      guard let times = Int(name), (2...RecordField.countLimit).contains(times) else {
        throw count.malformed(expected: "how many times a frame is mapped, as the name")
      }
      frames[times] = try count.integer()
    }
    self.init(
      hugeLeaves: try field.member("huge_leaves").integer(),
      entries: try field.member("entries").integer(),
      entryTables: try field.member("entry_tables").integer(),
      readOnlyEntries: try field.member("read_only_entries").integer(),
      savedPages: try field.member("saved_pages").integer(), sharedFrames: frames)
  }
}
