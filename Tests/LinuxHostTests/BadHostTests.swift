// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxHost
import SystemPackage
import Testing

@Suite struct `A host whose files are garbage` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "garbage").read() }

  @Test func `is described from the one number that makes sense`() {
    #expect(host.memory.total == 2.gigabytes)
    #expect(host.provenance(of: .memoryMap)?.confidence == .assumed)
    #expect(host.onlineMemoryBytes >= 2.gigabytes)
  }

  @Test func `has no number that overflowed, was negative or was cut off`() {
    #expect(host.memory.free == nil)
    #expect(host.memory.available == nil)
    #expect(host.memory.hugeTLB == nil)
    #expect(host.memory.directMap.isEmpty)
    #expect(host.vmemmapPages.boot == nil)
    #expect(host.vmemmapPages.runTime == nil)
    #expect(host.zones.isEmpty)
    #expect(host.hugePages.map(\.pageBytes) == [2.megabytes])
    #expect(host.hugePages[0].total == nil)
    #expect(host.hugePages[0].free == nil)
  }

  @Test func `has no node, block or processor that cannot be`() {
    #expect(host.nodes.map(\.id) == [0])
    #expect(host.nodes[0].processors.isEmpty)
    #expect(host.nodes[0].distances.isEmpty)
    #expect(host.processors.online == [0])
    #expect(host.memoryBlocks?.blocks.map(\.number) == [1, 3])
    #expect(host.memoryBlocks?.blocks.map(\.state) == [.offline, .offline])
    #expect(host.memoryBlocks?.blocks.map(\.nodes) == [[], []])
  }

  @Test func `has no text that would move a cursor or leave the directory`() {
    #expect(host.kernelRelease == nil)
    #expect(host.architecture == "unknown")
    #expect(host.pageSize == 4096)
    let texts = host.notes.map(\.description) + [host.commandLine ?? ""]
    for text in texts {
      #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }
  }

  @Test func `has a note for each file that made no sense`() {
    for path in [
      "/proc/iomem", "/proc/meminfo", "/proc/zoneinfo", "/proc/vmstat", "/sys/firmware/memmap",
      "/sys/devices/system/cpu/online", "/sys/devices/system/node/node0/cpulist",
      "/sys/devices/system/node/node0/distance", "/proc/sys/vm/hugetlb_optimize_vmemmap",
      "/sys/module/memory_hotplug/parameters/memmap_on_memory",
      "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "/proc/sys/kernel/osrelease",
    ] {
      #expect(host.notes.contains { $0.path == path }, "no note about \(path)")
    }
  }
}

@Suite struct `Files that cannot be used` {
  @Test func `a directory without any size of memory is an error`() throws {
    let sysroot = try Sysroot(["/proc/cpuinfo": "processor : 0\n"])
    #expect {
      _ = try sysroot.read()
    } throws: { error in
      let error = error as? HostReadError
      return error?.reason == .noMemoryFound && error?.path.hasSuffix("/proc/meminfo") == true
    }
  }

  @Test(arguments: [
    "", "MemTotal:", "MemTotal: kB", "MemTotal: 0 kB", "MemTotal: 12", "MemTotal: x kB",
  ])
  func `a meminfo without a whole MemTotal is an error`(text: String) throws {
    let sysroot = try Sysroot(["/proc/meminfo": text])
    #expect(throws: HostReadError.self) { _ = try sysroot.read() }
  }

  @Test func `a root that does not exist or is a file is an error`() throws {
    #expect(throws: HostReadError.self) {
      _ = try HostReader(root: Sysroot.freshPath()).read()
    }
    let sysroot = try Sysroot(["/file": ""])
    let file = sysroot.path.appending("file")
    #expect(throws: HostReadError.self) { _ = try HostReader(root: file).read() }
  }

  @Test func `a directory in the place of a file is a note`() throws {
    let sysroot = try Sysroot([
      "/proc/meminfo": meminfo(total: 1.gigabytes), "/proc/zoneinfo/": "",
    ])
    #expect(try sysroot.read().notes.contains { $0.path == "/proc/zoneinfo" })
  }

  @Test func `a file that never ends is cut off and noted`() throws {
    let sysroot = try Sysroot(["/proc/meminfo": meminfo(total: 1.gigabytes)])
    try FileManager.default.createSymbolicLink(
      atPath: sysroot.path.appending("proc/zoneinfo").string, withDestinationPath: "/dev/zero")
    #expect(try sysroot.read().notes("longer than 16 MiB", about: "/proc/zoneinfo"))
  }

  @Test func `a pipe without a writer does not hang the reader`() throws {
    let sysroot = try Sysroot(["/proc/meminfo": meminfo(total: 1.gigabytes)])
    let made = Process()
    made.executableURL = URL(fileURLWithPath: "/usr/bin/mkfifo")
    made.arguments = [sysroot.path.appending("proc/iomem").string]
    try made.run()
    made.waitUntilExit()
    #expect(try sysroot.read().memory.total == 1.gigabytes)
  }

  @Test func `every way to cut a host's files short still gives a description or an error`() throws
  {
    let source = Sysroot(fixture: "memoryless-node")
    let names = ["/proc/meminfo", "/proc/zoneinfo", "/proc/vmstat", "/proc/cpuinfo"]
    for name in names {
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: source.path.appending(String(name.dropFirst())).string))
      for length in stride(from: 0, to: bytes.count, by: 101) {
        let sysroot = try Sysroot(["/proc/meminfo": meminfo(total: 1.gigabytes)])
        try sysroot.add(String(decoding: bytes.prefix(length), as: UTF8.self), at: name)
        if let host = try? sysroot.read() { #expect(host.onlineMemoryBytes > 0) }
      }
    }
  }
}
