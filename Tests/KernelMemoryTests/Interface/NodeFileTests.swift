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
  ])
  func `boot may set the default for added memory`(word: String, shown: String) throws {
    let files = try FileHost(commandLine: "memhp_default_state=\(word)")
    #expect(files.reading(system + "auto_online_blocks") == shown + "\n")
  }

  @Test func `memory of the boot stays online`() throws {
    let files = try FileHost()
    let state = system + "memory1/state"
    for text in ["online", "online_movable\0", "online_kernel\n", "nonsense", "Offline"] {
      #expect(files.writing(text, state) == "EINVAL")
    }
    #expect(files.writing("offline", state) == "EOPNOTSUPP")
    #expect(files.writing("1", system + "memory1/online") == "1")
    #expect(files.writing("yes\n", system + "memory1/online") == "4")
    #expect(files.writing("0", system + "memory1/online") == "EOPNOTSUPP")
    #expect(files.writing("maybe", system + "memory1/online") == "EINVAL")
    #expect(files.reading(state) == "online\n")
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
