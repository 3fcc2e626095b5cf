// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Paths of the tree` {
  @Test(arguments: [
    "/proc/cmdline", "//proc///cmdline", "/proc/./cmdline", "/proc/sys/../cmdline",
    "/../../proc/cmdline", "proc/cmdline", "/sys/../proc/cmdline", "/./proc/sys/vm/../../cmdline",
  ])
  func `slashes and dots do not matter`(path: String) throws {
    let files = try FileHost(commandLine: "quiet")
    #expect(files.reading(path) == "quiet\n")
  }

  @Test(arguments: [
    ("", "ENOENT"), ("/proc/nothing", "ENOENT"), ("/proc/meminfoo", "ENOENT"),
    ("/proc/meminf", "ENOENT"), ("/proc/meminfo\0", "ENOENT"), ("/PROC/meminfo", "ENOENT"),
    ("/proc", "EISDIR"), ("/", "EISDIR"), ("/proc/meminfo/", "ENOTDIR"),
    ("/proc/meminfo/.", "ENOTDIR"), ("/proc/meminfo/x", "ENOTDIR"),
    ("/proc/meminfo/..", "ENOTDIR"), ("/sys/devices/system/memory/memory00/state", "ENOENT"),
    ("/sys/devices/system/memory/memory999/state", "ENOENT"),
    ("/sys/devices/system/memory/memory18446744073709551615/state", "ENOENT"),
    ("/sys/devices/system/memory/memory99999999999999999999/state", "ENOENT"),
    ("/sys/devices/system/memory/memory-1/state", "ENOENT"),
    ("/sys/devices/system/memory/memory/state", "ENOENT"),
    ("/sys/devices/system/node/node1/meminfo", "ENOENT"),
    ("/sys/devices/system/node/node0x/meminfo", "ENOENT"),
    ("/sys/kernel/mm/hugepages/hugepages-4kB/nr_hugepages", "ENOENT"),
    ("/sys/kernel/mm/hugepages/hugepages-2048/nr_hugepages", "ENOENT"),
    ("/sys/kernel/mm/hugepages/hugepages-02048kB/nr_hugepages", "ENOENT"),
  ])
  func `wrong paths are refused`(path: String, error: String) throws {
    #expect(try FileHost().reading(path) == error)
  }

  @Test func `names and paths have a longest length`() throws {
    let files = try FileHost()
    #expect(files.reading("/" + String(repeating: "a", count: 256)) == "ENAMETOOLONG")
    #expect(files.reading(String(repeating: "/a", count: 2500)) == "ENAMETOOLONG")
    #expect(files.reading(String(repeating: "/", count: 3000) + "proc/cmdline") == "\n")
  }

  @Test func `links lead from blocks to nodes and back`() throws {
    let files = try FileHost(nodes: 2)
    let system = "/sys/devices/system/"
    #expect(files.reading(system + "memory/memory0/node0/memory1/phys_index") == "00000001\n")
    #expect(files.reading(system + "memory/memory0/node1/meminfo") == "ENOENT")
    #expect(files.reading(system + "memory/memory7/node1/memory7/state") == "online\n")
    #expect(files.reading(system + "node/node0/memory7/state") == "ENOENT")
    #expect(files.reading(system + "node/node0/cpu0/node0/cpulist") == "0\n")
    #expect(files.reading("/sys/bus/memory/devices/memory3/phys_index") == "00000003\n")
    // A link's parent is that of its target.
    #expect(files.reading(system + "memory/memory0/node0/../node1/distance") == "20 10\n")
    let link = textBytes(system + "node/node1/memory7")
    #expect(
      try files.tree.linkTarget(of: link)
        == Array("../../memory/memory7".utf8))
    #expect(try files.tree.attributes(of: link).kind == .link)
    #expect(try files.tree.attributes(of: link + [0x2F]).kind == .directory)
  }

  @Test func `only links have a target`() throws {
    let tree = try FileHost().tree
    #expect(throws: InterfaceError.invalid) { try tree.linkTarget(of: textBytes("/proc/meminfo")) }
    #expect(throws: InterfaceError.noEntry) { try tree.linkTarget(of: textBytes("/proc/x")) }
  }

  @Test func `directories list what is in them`() throws {
    let files = try FileHost(memory: 512 << 20)
    #expect(try files.names("/") == ["proc", "sys"])
    #expect(
      try files.names("/sys/kernel/mm/hugepages/") == [
        "hugepages-2048kB", "hugepages-1048576kB",
      ])
    #expect(
      try files.names("/sys/devices/system/memory") == [
        "auto_online_blocks", "block_size_bytes", "crash_hotplug", "memory0", "memory1",
        "memory2", "memory3",
      ])
    #expect(throws: InterfaceError.notDirectory) { try files.names("/proc/meminfo") }
    #expect(throws: InterfaceError.noEntry) { try files.names("/proc/none") }
  }

  /// Every entry that a directory lists can be looked at, and every file can be opened as its mode
  /// says.
  @Test(arguments: kernelNames)
  func `whatever is listed is there`(name: String) throws {
    let files = try FileHost(memory: 384 << 20, nodes: 2, kernel: kernel(name))
    var pending = ["/"]
    var fileCount = 0
    while let directory = pending.popLast() {
      for entry in try files.names(directory) {
        let path = directory + entry
        let attributes = try files.tree.attributes(of: textBytes(path))
        switch attributes.kind {
        case .directory: pending.append(path + "/")
        case .link: #expect(try !files.names(path + "/").isEmpty)
        case .file:
          fileCount += 1
          checkFile(path, attributes, files)
        }
      }
    }
    #expect(fileCount > 90)
  }

  private func checkFile(_ path: String, _ attributes: FileAttributes, _ files: FileHost) {
    let isReadable = attributes.mode & 0o400 != 0
    #expect((files.reading(path) == "EACCES") == !isReadable, "\(path)")
    if attributes.mode & 0o200 == 0 {
      #expect(files.writing("0", path) == "EACCES", "\(path)")
    }
    #expect(files.writing("", path) == (attributes.mode & 0o200 == 0 ? "EACCES" : "0"))
    if isReadable, !path.hasPrefix("/proc/kpage") {
      // Nobody has made a vmalloc area.
      let end: Character? = path == "/proc/vmallocinfo" ? nil : "\n"
      #expect(files.reading(path).last == end, "\(path)")
      #expect((try? files.tree.read(textBytes(path), at: 1 << 40, count: 8)) == [])
    }
    #expect(attributes.byteCount == (path.hasPrefix("/proc") ? 0 : attributes.byteCount))
  }

  /// P-UI 1.
  @Test func `a file is read in pieces`() throws {
    let files = try FileHost(commandLine: "quiet")
    let path = textBytes("/proc/cmdline")
    #expect(try files.tree.read(path, at: 1, count: 3) == Array("uie".utf8))
    #expect(try files.tree.read(path, at: 5, count: 100) == [0x0A])
    #expect(try files.tree.read(path, at: 6, count: 100) == [])
    #expect(try files.tree.read(path, at: .max, count: .max) == [])
    #expect(try files.tree.read(path, at: 0, count: 0) == [])
  }
}

@Suite struct `Attributes of files` {
  /// P-UI 1.
  @Test(
    arguments: [
      ("/proc/meminfo", 0o444, 0), ("/proc/pagetypeinfo", 0o400, 0), ("/proc/kpageflags", 0o400, 0),
      ("/proc/sys/vm/nr_hugepages", 0o644, 0), ("/proc/sys/vm/compact_memory", 0o200, 0),
      ("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", 0o644, 4096),
      ("/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", 0o444, 4096),
      ("/sys/kernel/mm/hugepages/hugepages-1048576kB/demote", 0o200, 4096),
      ("/sys/kernel/mm/hugepages/hugepages-1048576kB/demote_size", 0o644, 4096),
      ("/sys/devices/system/memory/block_size_bytes", 0o444, 4096),
      ("/sys/devices/system/memory/auto_online_blocks", 0o644, 4096),
      ("/sys/devices/system/memory/memory0/state", 0o644, 4096),
      ("/sys/devices/system/node/node0/compact", 0o200, 4096),
      ("/sys/devices/system/node/node0/cpumap", 0o444, 4096),
      ("/sys/devices/system/node/node0/cpulist", 0o444, 28672),
    ] as [(String, UInt16, UInt)])
  func `mode and size are the kernel's`(path: String, mode: UInt16, size: UInt) throws {
    let attributes = try FileHost().tree.attributes(of: textBytes(path))
    #expect(attributes == FileAttributes(kind: .file, mode: mode, byteCount: size))
  }

  @Test func `errors have the kernel's names and numbers`() {
    let expected: [(InterfaceError, String, Int32)] = [
      (.notPermitted, "EPERM", 1), (.noEntry, "ENOENT", 2), (.outOfMemory, "ENOMEM", 12),
      (.access, "EACCES", 13), (.busy, "EBUSY", 16), (.isDirectory, "EISDIR", 21),
      (.invalid, "EINVAL", 22), (.noSpace, "ENOSPC", 28), (.outOfRange, "ERANGE", 34),
      (.notSupported, "EOPNOTSUPP", 95),
    ]
    for (error, name, number) in expected {
      #expect("\(error.name)" == name)
      #expect(error.number == number)
    }
    for error in InterfaceError.allCases {
      #expect(InterfaceError(named: error.name.bytes[...]) == error)
    }
    #expect(InterfaceError(named: textBytes("EWHAT")) == nil)
  }
}
