// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

/// The operations that ask for memory, each to be failed at every place where it does.
///
/// They are made for a machine: which pages fold, how large a block is, where memory can be added.
struct SweepCatalogue {
  private let facts: MachineFacts
  /// The pool whose pages fold, or the first.
  private let pool: Int

  /// - Precondition: the machine has a pool.
  init(_ facts: MachineFacts) {
    self.facts = facts
    pool = facts.savedPageCounts.firstIndex { $0 > 0 } ?? 0
  }

  /// Every operation.
  var all: [SweptScript] { pools + mappings + badMemory + pages + areas + blocks + devices }

  /// What gives everything back that the operations leave, as far as it goes: more than they have made.
  var tidying: [String] {
    let block = facts.room.lowerBound / facts.blockByteCount
    let counts = facts.pageByteCounts.indices.flatMap { pool in
      ["nr_overcommit_hugepages", "nr_hugepages"].map { "echo 0 > \(folder(pool))/\($0)" }
    }
    let blocks = [block, block + 1].flatMap { block in
      [
        "echo offline > /sys/devices/system/memory/memory\(block)/state",
        "#@ remove-memory \(facts.blockByteCount >> 20)M at \(block * facts.blockByteCount)",
      ]
    }
    return ["#@ unmap all", "#@ vfree a", "#@ release-pages p", "#@ unmap-pagemap d"]
      + ["echo 1 > /proc/sys/vm/hugetlb_optimize_vmemmap"] + counts + blocks
  }

  /// The size of the memory that the operations need.
  ///
  /// - Unit: bytes.
  static func memory(for format: PagingFormat) -> UInt {
    max(64 << 20, format.pmdByteCount * 16)
  }

  private var size: UInt { facts.pageByteCounts[pool] }

  private func folder(_ pool: Int) -> String {
    "/sys/kernel/mm/hugepages/hugepages-\(facts.pageByteCounts[pool] >> 10)kB"
  }

  private func resize(to count: Int) -> String { "echo \(count) > \(folder(pool))/nr_hugepages" }

  // MARK: Pools

  private var pools: [SweptScript] {
    let nodeFile =
      "/sys/devices/system/node/node\(facts.nodes[0])/hugepages/"
      + "hugepages-\(size >> 10)kB/nr_hugepages"
    return [
      SweptScript("grow a pool", [resize(to: 3)], completion: [resize(to: 0), resize(to: 3)]),
      SweptScript("grow a pool on a node", ["echo 2 > \(nodeFile)"]),
      SweptScript(
        "shrink a pool", before: [resize(to: 4)], [resize(to: 1)],
        completion: [resize(to: 4), resize(to: 1)]),
      SweptScript(
        "shrink a pool that folds no more",
        before: [resize(to: 3), "echo 0 > /proc/sys/vm/hugetlb_optimize_vmemmap"], [resize(to: 0)]),
      SweptScript("split gigantic pages", before: growLarger, demoteLarger),
    ]
  }

  /// The pool with the next larger pages.
  private var larger: Int? { pool + 1 < facts.pageByteCounts.count ? pool + 1 : nil }
  private var growLarger: [String] { larger.map { ["echo 1 > \(folder($0))/nr_hugepages"] } ?? [] }
  private var demoteLarger: [String] {
    larger.map { ["echo 1 > \(folder($0))/demote"] } ?? ["true"]
  }

  private var mappings: [SweptScript] {
    let demand = "echo 2 > \(folder(pool))/nr_overcommit_hugepages"
    let map = "#@ map-huge 2 \(size >> 10)K"
    // What was made before the failure goes again, unless that fails too: then it stays as surplus.
    let stays = ["pool", "frames mapped", "vmemmap", "mapped", "read-only"]
    return [
      SweptScript(
        "touch pages made on demand", before: [demand], ["\(map) noreserve-touch as m"],
        progress: stays),
      SweptScript(
        "promise pages made on demand", before: [demand], ["\(map) reserve as m"],
        progress: stays),
      SweptScript(
        "end the use of pages made on demand", before: [demand, "\(map) touch as m"],
        ["#@ unmap m"]),
      SweptScript(
        "shrink a pool in use", before: [resize(to: 4), "\(map) touch as m"], [resize(to: 0)]),
    ]
  }

  private var badMemory: [SweptScript] {
    let size = size
    let poison: @Sendable (LabHost) -> [String] = { host in
      guard let page = host.subsystem.freeHugePages(of: size).first else { return ["true"] }
      let shift = host.subsystem.format.pageSize.shift
      return ["#@ poison \(page.lowerBound.rawValue << shift + 1 << shift)"]
    }
    return [
      SweptScript("find a free page bad", before: [resize(to: 2)], lines: poison),
      SweptScript("find the bad page of a pool good", before: [resize(to: 2)]) { host in
        let lines = poison(host)
        return lines + lines.map { $0.replacing("poison", with: "unpoison") }
      },
    ]
  }

  // MARK: Base pages and areas

  private var pages: [SweptScript] {
    let node = facts.nodes[0]
    return [
      SweptScript("take pages", ["#@ take-pages 40 node \(node) as p", "#@ release-pages p"]),
      SweptScript(
        "take fixed pages", ["#@ take-pages 40 fixed node \(node) as p", "#@ release-pages p"]),
      SweptScript("change what is kept free", ["echo 4096 > /proc/sys/vm/min_free_kbytes"]),
      SweptScript("read", ["cat /proc/meminfo /proc/zoneinfo /proc/vmstat /proc/buddyinfo"]),
    ]
  }

  private var areas: [SweptScript] {
    let byteCount = 12 * facts.basePageByteCount >> 10
    return [
      SweptScript("make a huge area", ["#@ vmalloc 5M huge as a"]),
      SweptScript("make an area", ["#@ vmalloc \(byteCount)K as a"]),
      SweptScript("free an area", before: ["#@ vmalloc 5M huge as a"], ["#@ vfree a"]),
    ]
  }

  // MARK: Memory that comes and goes

  private var blocks: [SweptScript] {
    guard UInt(facts.room.count) >= 2 * facts.blockByteCount else { return [] }
    let size = facts.blockByteCount >> 20
    let node = facts.nodes[0]
    let place = "\(size)M at \(facts.room.lowerBound)"
    let twice = "\(2 * size)M at \(facts.room.lowerBound)"
    let state =
      "/sys/devices/system/memory/memory\(facts.room.lowerBound / facts.blockByteCount)/state"
    let own = ["memory_hotplug.memmap_on_memory=Y"]
    let add = "#@ add-memory \(place) node \(node)"
    return [
      SweptScript("add a block", [add], completion: [add]),
      SweptScript("add two blocks", ["#@ add-memory \(twice) node \(node)"]),
      SweptScript(
        "add a block that describes itself", parameters: own, ["\(add) memmap-on-memory"]),
      SweptScript(
        "remove a block that describes itself", parameters: own,
        before: ["\(add) memmap-on-memory"], ["#@ remove-memory \(place)"]),
      SweptScript("bring a block online", before: [add], ["echo online_movable > \(state)"]),
      SweptScript(
        "take a block offline", before: [add, "echo online_movable > \(state)", resize(to: 6)],
        ["echo offline > \(state)"],
        progress: ["pool", "zone", "free", "vmemmap", "mapped", "read-only", "frames mapped"]),
      SweptScript("remove a block", before: [add], ["#@ remove-memory \(place)"]),
    ]
  }

  // MARK: Devices

  private var devices: [SweptScript] {
    guard UInt(facts.room.count) >= 256 << 20 else { return [] }
    let place = "\(facts.room.lowerBound)"
    var scripts: [SweptScript] = []
    for (type, rest) in [
      ("generic", " page=2M"), ("generic", " page=1G"), ("fs-dax", ""), ("device-private", ""),
      ("generic", " altmap=4M"), ("coherent", " page=64K"),
    ] {
      let map = "#@ pagemap d \(type) \(place) 128M\(rest)"
      scripts.append(SweptScript("map a device (\(type)\(rest))", [map], completion: [map]))
      scripts.append(
        SweptScript(
          "unmap a device (\(type)\(rest))", before: [map], ["#@ unmap-pagemap d"]))
    }
    return scripts + bus
  }

  private var bus: [SweptScript] {
    guard facts.hasDevice else { return [] }
    let unbind = "echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind"
    let bind = "echo dax0.0 > /sys/bus/dax/drivers/device_dax/bind"
    let kmem = "echo dax0.0 > /sys/bus/dax/drivers/kmem/new_id"
    return [
      SweptScript("bind a device", before: [unbind], [bind]),
      SweptScript("make a device ordinary memory", before: [unbind], [kmem]),
      SweptScript(
        "take a device back", before: [unbind, kmem],
        ["echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind"]),
    ]
  }
}
