// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Files of nodes` {
  private let system = "/sys/devices/system/node/"

  @Test func `lists name nodes by range`() throws {
    let files = try FileHost(memory: 3 << 30, nodes: 3)
    let expected = [
      ("possible", "0-2\n"), ("online", "0-2\n"), ("has_memory", "0-2\n"),
      ("has_normal_memory", "0-2\n"), ("has_cpu", "0\n"), ("has_generic_initiator", "\n"),
    ]
    for (name, text) in expected { #expect(files.reading(system + name) == text, "\(name)") }
  }

  @Test func `lists join neighbours`() throws {
    let tree = try FileHost().tree
    for (numbers, text) in [
      ([], "\n"), ([0], "0\n"), ([0, 1], "0-1\n"), ([0, 2], "0,2\n"),
      ([1, 2, 3, 5, 7, 8], "1-3,5,7-8\n"),
    ] as [([UInt], String)] {
      var sink = TextSink()
      tree.appendList(numbers, to: &sink)
      #expect(String(decoding: sink.bytes, as: UTF8.self) == text)
    }
  }

  /// P-UI 21.
  @Test func `distances have one number for each node`() throws {
    let files = try FileHost(memory: 3 << 30, nodes: 3)
    #expect(files.reading(system + "node0/distance") == "10 20 20\n")
    #expect(files.reading(system + "node1/distance") == "20 10 20\n")
    #expect(files.reading(system + "node2/distance") == "20 20 10\n")
  }

  @Test(arguments: [
    (1, "1\n", "0\n"), (3, "7\n", "0-2\n"), (32, "ffffffff\n", "0-31\n"),
    (40, "ff,ffffffff\n", "0-39\n"), (64, "ffffffff,ffffffff\n", "0-63\n"),
  ])
  func `maps of CPUs are hexadecimal`(cpus: Int, map: String, list: String) throws {
    let files = try FileHost(nodes: 2, cpus: cpus)
    #expect(files.reading(system + "node0/cpumap") == map)
    #expect(files.reading(system + "node0/cpulist") == list)
    #expect(files.reading(system + "node1/cpulist") == "\n")
    #expect(files.reading("/sys/devices/system/cpu/possible") == list)
  }

  @Test func `a node without CPUs has an empty map`() throws {
    let files = try FileHost(nodes: 2, cpus: 40)
    #expect(files.reading(system + "node1/cpumap") == "00,00000000\n")
  }

  @Test func `numastat has six lines`() throws {
    #expect(
      try FileHost().text(system + "node0/numastat") == """
        numa_hit 0
        numa_miss 0
        numa_foreign 0
        interleave_hit 0
        local_node 0
        other_node 0

        """)
  }
}

@Suite struct `The nodes' reclaim file` {
  private let path = "/sys/devices/system/node/node1/reclaim"

  @Test(arguments: kernelNames)
  func `it came with 7 point 2`(name: String) throws {
    let files = try FileHost(nodes: 2, kernel: kernel(name))
    let isThere = name == "7.2" || name == "unified"
    #expect(files.reading(path) == (isThere ? "EACCES" : "ENOENT"))
    #expect(files.writing("0", path) == (isThere ? "1" : "ENOENT"))
  }

  @Test func `there is nothing to reclaim`() throws {
    let files = try FileHost(nodes: 2)
    let before = try FileSnapshot(files.tree, frames: .taken)
    for (text, answer) in [
      ("1G", "EAGAIN"), ("4096\n", "EAGAIN"), (" 2M swappiness=60\n", "EAGAIN"),
      ("2Mswappiness=max", "EAGAIN"), ("0", "1"), ("4095", "4"), ("1K swappiness=0", "15"),
      ("99999999999999999999", "EAGAIN"), ("16E", "3"), ("0 swappiness=200", "16"),
      ("0 swappiness=201", "EINVAL"), ("0 swappiness=-1", "EINVAL"), ("0 swappiness=", "EINVAL"),
      ("0 swappiness=x", "EINVAL"), ("0 swappiness=1x", "EINVAL"), ("0 nonsense", "EINVAL"),
      ("", "0"), ("\n", "EINVAL"), (" ", "EINVAL"), ("-1", "EINVAL"), ("abc", "EINVAL"),
      ("\0", "EINVAL"), ("0\0junk", "6"), ("1MM", "EINVAL"),
      ("0  swappiness=1   swappiness=2 ", "31"),
    ] {
      #expect(files.writing(text, path) == answer, "\(text.debugDescription)")
    }
    #expect(try FileSnapshot(files.tree, frames: .taken).differences(from: before) == [])
  }
}

@Suite struct `Page tables of nodes` {
  @Test(arguments: kernelNames)
  func `each node shows the tables that lie on it`(name: String) throws {
    let files = try FileHost(
      memory: 1 << 30, nodes: 2, kernel: kernel(name), commandLine: "hugetlb_free_vmemmap=on")
    func all() throws -> [Int] {
      let node = "/sys/devices/system/node/node"
      return try ["/proc/meminfo", node + "0/meminfo", node + "1/meminfo"].map { path in
        let lines = try files.lines(path, with: "PageTables:").filter { !$0.contains("Sec") }
        return try #require(Int(lines.first?.split(separator: " ").dropLast().last ?? ""))
      }
    }
    func counters() throws -> [String] {
      try ["node0", "node1"].map {
        try files.lines("/sys/devices/system/node/\($0)/vmstat", with: "nr_page_table_pages")[0]
      }
    }
    let sum = try all()
    #expect(sum == [0, 0, 0])
    let node1 = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"
    #expect(files.writing("40", node1) == "2")
    let far = try all()
    let made = files.host.subsystem.totals.tablePageCount
    #expect(made > 0)
    let isCounted = try kernel(name).vmemmap.countsKernelTables
    // They lie near the CPU that asked for them.
    #expect(far == (isCounted ? [4 * made, 4 * made, 0] : [0, 0, 0]))
    #expect(files.writing("100", "/proc/sys/vm/nr_hugepages") == "3")
    let both = try all()
    #expect(both[0] == both[1] + both[2])
    #expect(both[0] == (isCounted ? 4 * files.host.subsystem.totals.tablePageCount : 0))
    #expect(!isCounted || both[1] > 0)
    #expect(
      try counters() == [
        "nr_page_table_pages \(both[1] / 4)", "nr_page_table_pages \(both[2] / 4)",
      ])
  }
}

@Suite struct `Files of memory blocks` {
  private let system = "/sys/devices/system/memory/"

  @Test func `a block of the boot is online`() throws {
    let files = try FileHost()
    let expected = [
      ("phys_index", "00000001\n"), ("state", "online\n"), ("online", "1\n"),
      ("phys_device", "0\n"), ("removable", "1\n"), ("valid_zones", "DMA32\n"),
    ]
    for (name, text) in expected { #expect(files.reading(system + "memory1/" + name) == text) }
    #expect(files.reading(system + "memory0/valid_zones") == "none\n")
    #expect(files.reading(system + "block_size_bytes") == "8000000\n")
  }

  @Test(arguments: kernelNames)
  func `no crash kernel waits for news of memory`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let isOld = name == "5.14" || name == "6.1"
    #expect(files.reading(system + "crash_hotplug") == (isOld ? "ENOENT" : "0\n"))
    #expect(files.writing("1", system + "crash_hotplug") == (isOld ? "ENOENT" : "EACCES"))
  }

  @Test func `holes have no blocks`() throws {
    let files = try FileHost(memory: 4 << 30)
    #expect(files.reading(system + "memory23/state") == "online\n")
    #expect(files.reading(system + "memory24/state") == "ENOENT")
    #expect(files.reading(system + "memory31/state") == "ENOENT")
    #expect(files.reading(system + "memory32/valid_zones") == "Normal\n")
    #expect(files.reading(system + "memory39/phys_index") == "00000027\n")
    #expect(files.reading(system + "memory40/state") == "ENOENT")
  }

  @Test func `large machines have large blocks`() throws {
    let files = try FileHost(memory: 128 << 30)
    #expect(files.reading(system + "block_size_bytes") == "80000000\n")
    #expect(try files.names(system).count { $0.hasPrefix("memory") } == 64 + 1)
  }

  /// P-UI 5.
  @Test(arguments: ["offline", "online", "online_kernel", "online_movable"])
  func `the default for added memory takes four words`(word: String) throws {
    let files = try FileHost()
    let path = system + "auto_online_blocks"
    #expect(files.reading(path) == "offline\n")
    for end in ["", "\n", "\0"] {
      #expect(files.writing("online", path) == "6")
      #expect(files.writing(word + end, path) == "\((word + end).utf8.count)")
      #expect(files.reading(path) == word + "\n")
    }
    for wrong in [word + " ", word + "x", word.uppercased(), " " + word, word + "\n\n"] {
      #expect(files.writing(wrong, path) == "EINVAL")
      #expect(files.reading(path) == word + "\n")
    }
  }

  @Test(arguments: [
    ("online_movable", "online_movable"), ("offline", "offline"), ("nonsense", "offline"),
    ("online memhp_default_state=nonsense", "online"),
    ("online memhp_default_state=online_kernel", "online_kernel"),
  ])
  func `boot may set the default for added memory`(word: String, shown: String) throws {
    let files = try FileHost(commandLine: "memhp_default_state=\(word)")
    #expect(files.reading(system + "auto_online_blocks") == shown + "\n")
  }

  @Test func `memory of the boot goes offline where nothing stands in the way`() throws {
    let files = try FileHost()
    let state = system + "memory1/state"
    for text in ["online", "online_movable\0", "online_kernel\n", "nonsense", "Offline"] {
      #expect(files.writing(text, state) == "EINVAL")
    }
    #expect(files.writing("1", system + "memory1/online") == "1")
    #expect(files.writing("yes\n", system + "memory1/online") == "4")
    #expect(files.writing("maybe", system + "memory1/online") == "EINVAL")
    #expect(files.writing("offline", state) == "7")
    #expect(files.reading(state) == "offline\n")
    #expect(files.writing("0", system + "memory1/online") == "1")
    #expect(files.writing("offline", state) == "EINVAL")
    #expect(files.writing("online", state) == "6")
    #expect(files.reading(state) == "online\n")
    // The first block has a hole, where other machines have their video memory.
    #expect(files.writing("offline", system + "memory0/state") == "EINVAL")
    #expect(files.host.complaints == [])
  }
}

@Suite struct `The file iomem` {
  @Test func `ranges are inclusive`() throws {
    #expect(
      try FileHost(memory: 4 << 30).text("/proc/iomem") == """
        00000000-0009fbff : System RAM
        00100000-bfffffff : System RAM
        100000000-13fffffff : System RAM

        """)
  }
}
