// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// What the files of memory blocks say and take: spec 08 section 10, spec 10 section 5.
@Suite struct `Files about memory that comes and goes` {
  private static let parameters = "/sys/module/memory_hotplug/parameters"

  /// P-UI 4.
  @Test(arguments: NamedKernel.all)
  func `take the words that a kernel takes`(kernel: NamedKernel) throws {
    let host = try HotplugHost(kernel.design)
    try host.hotplug.add(host.range(1), to: host.node)
    let state = host.path(0, "state")
    #expect(host.read(state) == "offline")
    for word in ["Online", "ONLINE", "on", "1", "online_", "onlinekernel", "going-offline"] {
      #expect(host.write(word, state) == .invalid, "\(word)")
    }
    #expect(host.write("offline", state) == .invalid)
    for word in ["online", "online_kernel", "online_movable"] {
      #expect(host.write(word, state) == nil)
      #expect(host.read(state) == "online")
      for other in ["online", "online_kernel", "online_movable"] {
        #expect(host.write(other, state) == .invalid)
      }
      #expect(host.write("offline\n", state) == nil)
      #expect(host.read(state) == "offline")
    }
    #expect(host.complaints == [])
  }

  /// The number differs from the word: it may say what is so already.
  @Test func `take a number that changes nothing`() throws {
    let host = try HotplugHost()
    try host.hotplug.add(host.range(1), to: host.node)
    let online = host.path(0, "online")
    for (text, shown) in [
      ("0", "0"), ("1", "1"), ("y", "1"), ("N", "0"), ("off", "0"), ("on", "1"),
    ] {
      #expect(host.write(text, online) == nil)
      #expect(host.read(online) == shown)
      #expect(host.write(text, online) == nil)
    }
    for text in ["2", "maybe"] { #expect(host.write(text, online) == .invalid) }
    #expect(host.complaints == [])
  }

  /// P-UI 2, P-UI 3.
  @Test func `tell where a block is`() throws {
    let host = try HotplugHost(nodes: 2)
    try host.hotplug.add(host.range(2), to: NodeID(1))
    #expect(host.read(host.path(1, "phys_index")) == "00000021")
    #expect(host.read(host.path(1, "phys_device")) == "0")
    #expect(host.read(host.path(1, "removable")) == "1")
    #expect(host.read(host.path(1, "node1/online")) == "?")
    #expect(host.read("/sys/devices/system/node/node1/memory33/state") == "offline")
    #expect(host.read("/sys/devices/system/node/node0/memory33/state") == "?")
    #expect(host.read("/sys/bus/memory/devices/memory33/state") == "offline")
    try host.hotplug.remove(host.range(2))
    #expect(host.read(host.path(1, "state")) == "?")
  }

  /// P-MHP 18: the zone that a plain "online" takes comes first, under each policy.
  @Test func `list the zone first that a plain word takes`() throws {
    for line in ["", "movable_node", "memory_hotplug.online_policy=auto-movable"] {
      let host = try HotplugHost(commandLine: line)
      for offset: UInt in 0..<10 {
        try host.hotplug.add(host.range(1, from: offset), to: host.node)
        let first = host.read(host.path(offset, "valid_zones")).split(separator: " ").first
        #expect(host.write("online", host.path(offset, "state")) == nil)
        #expect(host.read(host.path(offset, "valid_zones")) == first ?? "?")
      }
    }
  }

  /// P-MHP 9: nobody learns anything of frames that are offline.
  @Test(arguments: NamedKernel.all)
  func `and of pages show nothing of what is offline`(kernel: NamedKernel) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "memory_hotplug.memmap_on_memory=Y")
    try host.hotplug.add(host.range(1), to: host.node, [.memmapOnMemory])
    let frames = host.hotplug.frames(ofBlock: host.first)
    let missing: UInt64 = kernel.design.interface.marksMissingPages ? 1 << 20 : 0
    for index: UInt in [0, 511, 512, 32_767] {
      #expect(host.pageFlags(frames.lowerBound.rawValue + index) == missing)
    }
    try host.hotplug.online(host.first, as: .onlineMovable)
    // P-MHP 8: exactly the frames with descriptors say so.
    for (index, isOwn) in [(UInt(0), true), (511, true), (512, false), (32_767, false)] {
      let flags = try #require(host.pageFlags(frames.lowerBound.rawValue + index))
      #expect((flags >> 37 & 1 == 1) == isOwn, "frame \(index)")
    }
    try host.hotplug.offline(host.first)
    for index: UInt in [0, 511, 512, 32_767] {
      #expect(host.pageFlags(frames.lowerBound.rawValue + index) == missing)
    }
  }

  // MARK: Added memory

  @Test(arguments: ["offline", "online", "online_kernel", "online_movable"])
  func `bring added memory online if that is the default`(word: String) throws {
    let default_ = "/sys/devices/system/memory/auto_online_blocks"
    for isAtBoot in [false, true] {
      let host = try HotplugHost(commandLine: isAtBoot ? "memhp_default_state=\(word)" : "")
      if !isAtBoot { #expect(host.write(word, default_) == nil) }
      #expect(host.read(default_) == word)
      #expect(host.write("\(host.range(1).lowerBound.rawValue)", host.probe) == nil)
      let kinds: [String: ZoneKind] = [
        "online": .normal, "online_kernel": .normal, "online_movable": .movable,
      ]
      #expect(host.kind(ofBlock: 0) == kinds[word])
      #expect(host.complaints == [])
    }
  }

  @Test func `do not make adding fail because a block stays offline`() throws {
    let host = try HotplugHost(commandLine: "memhp_default_state=online")
    host.hotplug.listeners.add(
      HotplugListener { event throws(HotplugVeto) in
        if case .memory(.goingOnline, let frames) = event, frames.lowerBound.rawValue >> 15 & 1 == 1
        {
          throw .busy
        }
      })
    try host.hotplug.add(host.range(4), to: host.node)
    #expect((0..<4).map { host.read(host.path($0, "online")) } == ["1", "0", "1", "0"])
    #expect(host.complaints == [])
  }

  @Test(arguments: [
    ("0x100000000", nil), ("4294967296\n", nil), ("0x100000001", InterfaceError.invalid),
    ("0x104000000", .invalid), (" ", .invalid), ("here", .invalid), ("0x0", .exists),
    ("0x4000000000000", .tooBig), ("0x10000000000000000", .outOfRange),
  ])
  func `probe for memory where somebody says that it is`(
    text: String, error: InterfaceError?
  ) throws {
    let host = try HotplugHost()
    let before = host.digest
    #expect(host.write(text, host.probe) == error)
    if error != nil { #expect(host.digest.differences(from: before) == []) }
    #expect(host.complaints == [])
  }

  /// Neighbours of one source are one line if that was asked for.
  @Test func `of resources show what was added, and from whom`() throws {
    let host = try HotplugHost()
    let hotplug = host.hotplug
    try hotplug.add(host.range(1), to: host.node, [.mergesResource], source: .virtioMem)
    try hotplug.add(host.range(1, from: 2), to: host.node, [.mergesResource], source: .virtioMem)
    try hotplug.add(host.range(1, from: 1), to: host.node, [.mergesResource], source: .virtioMem)
    try hotplug.add(host.range(1, from: 3), to: host.node, source: .kmem)
    try hotplug.add(host.range(1, from: 4), to: host.node)
    let lines = host.read("/proc/iomem").split(separator: "\n").suffix(3)
    #expect(
      Array(lines) == [
        "100000000-117ffffff : System RAM (virtio_mem)",
        // A driver's memory lies in its device, which this test does not make.
        "  118000000-11fffffff : System RAM (kmem)", "120000000-127ffffff : System RAM",
      ])
    try hotplug.remove(host.range(1, from: 1))
    let left = host.read("/proc/iomem").split(separator: "\n").suffix(4)
    #expect(left.first == "100000000-107ffffff : System RAM (virtio_mem)")
    #expect(left.dropFirst().first == "110000000-117ffffff : System RAM (virtio_mem)")
    #expect(host.complaints == [])
  }

  // MARK: Parameters

  /// M5: what the file says is what happens.
  @Test(arguments: NamedKernel.all, ["N", "Y", "force"])
  func `say truly whether memory holds its own descriptors`(
    kernel: NamedKernel, mode: String
  ) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "memory_hotplug.memmap_on_memory=\(mode)")
    let shown = host.read("\(Self.parameters)/memmap_on_memory")
    try host.hotplug.add(host.range(1), to: host.node, [.memmapOnMemory])
    let hosts = host.hotplug.blocks[host.first]?.altmap != nil
    #expect(hosts == (shown != "N"))
    #expect(host.write("Y", "\(Self.parameters)/memmap_on_memory") == .access)
  }

  @Test(arguments: [
    ("online_policy", "auto-movable", "auto-movable", "contig-zones"),
    ("online_policy", "contig-zones", "contig-zones", "contig-zones"),
    ("online_policy", "movable", nil, "contig-zones"),
    ("auto_movable_ratio", "0", "0", "301"), ("auto_movable_ratio", "0x20", "32", "301"),
    ("auto_movable_ratio", "4294967295", "4294967295", "301"),
    ("auto_movable_ratio", "4294967296", nil, "301"), ("auto_movable_ratio", "-1", nil, "301"),
    ("auto_movable_ratio", "much", nil, "301"),
    ("auto_movable_numa_aware", "0", "N", "Y"), ("auto_movable_numa_aware", "off", "N", "Y"),
    ("auto_movable_numa_aware", "perhaps", nil, "Y"),
  ])
  func `take policies, at boot and later`(
    name: String, text: String, shown: String?, initial: String
  ) throws {
    let host = try HotplugHost()
    let path = "\(Self.parameters)/\(name)"
    #expect(host.read(path) == initial)
    let error = host.write(text, path)
    #expect((error == nil) == (shown != nil))
    #expect(host.read(path) == shown ?? initial)
    let booted = try HotplugHost(commandLine: "memory_hotplug.\(name)=\(text)")
    #expect(booted.read(path) == shown ?? initial)
  }

  @Test func `are missing where a kernel has none`() throws {
    let host = try HotplugHost(.linux5_14)
    #expect(host.read("\(Self.parameters)/memmap_on_memory") == "N")
    #expect(host.read("\(Self.parameters)/online_policy") == "?")
  }

  // MARK: Sums

  /// The reference figures of spec 08 section 10: a module of 1 GiB.
  @Test(arguments: [false, true])
  func `add up to what memory is worth`(isSelfHosted: Bool) throws {
    let host = try HotplugHost(
      .linux7_2, commandLine: "memory_hotplug.memmap_on_memory=\(isSelfHosted ? "Y" : "N")")
    let total = host.subsystem.totals.managedPageCount
    try host.hotplug.add(host.range(8), to: host.node, [.memmapOnMemory])
    #expect(host.subsystem.totals.managedPageCount == total)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == 4096)
    let each: UInt = isSelfHosted ? 126 : 128
    for offset: UInt in 0..<8 {
      #expect(host.write("online_movable", host.path(offset, "state")) == nil)
      #expect(host.subsystem.totals.managedPageCount == total + (offset + 1) * each << 8)
    }
    #expect(host.complaints == [])
  }

  /// The same, with huge pages on all of it: what going offline costs.
  @Test(arguments: [false, true])
  func `tell what going offline costs`(isSelfHosted: Bool) throws {
    let host = try HotplugHost(
      .linux7_2,
      commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory="
        + (isSelfHosted ? "Y" : "N"))
    try host.plug(8, as: .onlineMovable, [.memmapOnMemory])
    let perBlock: UInt = isSelfHosted ? 63 : 64
    host.pool.resize(to: 8 * perBlock)
    let before = host.subsystem.totals.runtimeVmemmapPageCount
    let here = UInt(host.hugePages(on: host.first).count)
    #expect(here == perBlock, "movable memory is taken first")
    #expect(host.write("offline", host.path(0, "state")) == nil)
    #expect(host.pool.counts.pageCount == 7 * perBlock)
    #expect(
      host.subsystem.totals.runtimeVmemmapPageCount - before == (isSelfHosted ? 0 : Int(here) * 7))
    #expect(host.complaints == [])
  }
}

extension HotplugHost {
  fileprivate var probe: String { "/sys/devices/system/memory/probe" }

  /// The word of frame `number` in `/proc/kpageflags`.
  fileprivate func pageFlags(_ number: UInt) -> UInt64? {
    let path = Array("/proc/kpageflags".utf8)
    guard
      let bytes = try? InterfaceTree(subsystem).read(
        path[...], at: number * 8, count: 8), bytes.count == 8
    else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
