// SPDX-License-Identifier: Apache-2.0

import LinuxHost
import Testing

@Suite struct `The memory map of a host` {
  /// A host of 4 GiB in blocks of 1 GiB, all but `offline` online, on node 0.
  private func files(blocks: [Int], offline: Set<Int> = []) -> [String: String] {
    var files = ["/sys/devices/system/memory/block_size_bytes": "40000000\n"]
    for block in blocks {
      let folder = "/sys/devices/system/memory/memory\(block)"
      files[folder + "/state"] = offline.contains(block) ? "offline\n" : "online\n"
      files[folder + "/node0/"] = ""
    }
    return files
  }

  private func firmware(_ entries: [(String, String, String)]) -> [String: String] {
    var files: [String: String] = [:]
    for (index, entry) in entries.enumerated() {
      files["/sys/firmware/memmap/\(index)/start"] = entry.0 + "\n"
      files["/sys/firmware/memmap/\(index)/end"] = entry.1 + "\n"
      files["/sys/firmware/memmap/\(index)/type"] = entry.2 + "\n"
    }
    return files
  }

  private func read(_ parts: [String: String]...) throws -> HostDescription {
    try Sysroot(parts.reduce(into: [:]) { $0.merge($1) { $1 } }).read()
  }

  @Test func `marks the memory of offline blocks`() throws {
    let host = try read(
      files(blocks: [0, 1, 2, 3], offline: [2]),
      ["/proc/iomem": "00000000-ffffffff : System RAM\n"])
    #expect(
      host.memoryMap == [
        .init(start: 0, end: 2.gigabytes, kind: .usable),
        .init(start: 2.gigabytes, end: 3.gigabytes, kind: .offline),
        .init(start: 3.gigabytes, end: 4.gigabytes, kind: .usable),
      ])
    #expect(host.nodes[0].memoryBytes == 3.gigabytes)
  }

  @Test func `leaves out firmware memory that a mem= parameter hides`() throws {
    let host = try read(
      files(blocks: [0, 1]), firmware([("0x0", "0xffffffff", "System RAM")]))
    #expect(host.memoryMap == [.init(start: 0, end: 2.gigabytes, kind: .usable)])
    #expect(host.notes("does not use", about: "/sys/firmware/memmap"))
  }

  @Test func `adds blocks that came after boot`() throws {
    let host = try read(
      files(blocks: [0, 1, 8]), firmware([("0x0", "0x7fffffff", "System RAM")]))
    #expect(
      host.memoryMap.last
        == .init(start: 8.gigabytes, end: 9.gigabytes, kind: .driverManaged))
    #expect(host.nodes[0].memoryBytes == 3.gigabytes)
  }

  @Test func `takes driver memory from below its device`() throws {
    let host = try read([
      "/proc/iomem": """
      00000000-3fffffff : System RAM
      40000000-bfffffff : Soft Reserved
        40000000-7fffffff : dax0.0
          40000000-7fffffff : System RAM (kmem)

      """
    ])
    #expect(
      host.memoryMap.map(\.kind) == [.usable, .driverManaged, .softReserved])
    #expect(host.onlineMemoryBytes == 2.gigabytes)
  }

  @Test func `gives an address that two entries claim to the more careful one`() throws {
    let host = try read(
      firmware([("0x0", "0x3fffffff", "System RAM"), ("0x1000", "0x1fff", "Unusable memory")]))
    #expect(host.memoryMap.map(\.kind) == [.usable, .unusable, .usable])
  }

  @Test func `is not taken from a file that lists less than the allocator manages`() throws {
    let host = try read([
      "/proc/meminfo": meminfo(total: 4.gigabytes),
      "/proc/iomem": "00000000-0000ffff : System RAM\n",
    ])
    #expect(host.onlineMemoryBytes > 4.gigabytes)
    #expect(host.notes("less memory than MemTotal", about: "/proc/iomem"))
  }

  @Test func `is made of zones where nothing else is readable`() throws {
    let host = try read([
      "/proc/zoneinfo": """
      Node 0, zone   Normal
        pages free     100
              spanned  524288
              present  262144
              managed  262000
        start_pfn:           1048576
      Node 1, zone   Normal
        pages free     100
              spanned  262144
              present  262144
              managed  262000
        start_pfn:           1572864

      """
    ])
    #expect(host.nodes.map(\.memory) == [[4.gigabytes..<5.gigabytes], [6.gigabytes..<7.gigabytes]])
    #expect(host.provenance(of: .memoryMap)?.sources == ["/proc/zoneinfo"])
    #expect(host.notes("have memory but no directory", about: "/sys/devices/system/node"))
  }

  @Test func `is shared out by size where no file tells the nodes' places`() throws {
    let host = try read([
      "/proc/meminfo": meminfo(total: 6.gigabytes),
      "/sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 2097152 kB\n",
      "/sys/devices/system/node/node2/meminfo": "Node 2 MemTotal: 4194304 kB\n",
    ])
    #expect(host.nodes.map(\.id) == [0, 2])
    #expect(host.nodes[0].memoryBytes >= 2.gigabytes)
    #expect(host.nodes[1].memoryBytes >= 4.gigabytes)
    #expect(host.nodes.map(\.memoryBytes).reduce(0, +) == host.onlineMemoryBytes)
  }

  @Test func `splits a block of two nodes where their zones meet`() throws {
    var parts = files(blocks: [0, 1])
    parts["/sys/devices/system/memory/memory1/node1/"] = ""
    parts["/proc/zoneinfo"] = """
      Node 0, zone    DMA32
              spanned  393216
              present  393216
        start_pfn:           0
      Node 1, zone    DMA32
              spanned  131072
              present  131072
        start_pfn:           393216

      """
    let host = try read(parts)
    #expect(
      host.nodes.map(\.memory) == [[0..<1536.megabytes], [1536.megabytes..<2.gigabytes]])
  }

  @Test func `gives interleaved nodes to the lower one where nothing tells them apart`() throws {
    let host = try read([
      "/proc/iomem": "00000000-7fffffff : System RAM\n",
      "/proc/zoneinfo": """
      Node 0, zone    DMA32
              spanned  524288
              present  262144
        start_pfn:           0
      Node 1, zone    DMA32
              spanned  262144
              present  262144
        start_pfn:           131072

      """,
    ])
    #expect(host.nodes[0].memoryBytes == 2.gigabytes)
    #expect(host.notes("overlap", about: "/proc/zoneinfo"))
  }
}
