// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// What files show of vmalloc areas; spec 09 section 8 and predicates 16 and 17, spec 10 sections 3
/// and 12.
@Suite struct `Files about vmalloc areas` {
  private func request(
    _ byteCount: UInt, _ caller: String, _ mapping: VmallocRequest.Mapping = .basePages,
    node: Int? = nil
  ) -> VmallocRequest {
    VmallocRequest(
      byteCount: byteCount, mapping: mapping, node: node.map { NodeID($0) },
      caller: Array(caller.utf8))
  }

  @Test func `the list is the owner's alone and begins empty`() throws {
    let files = try FileHost()
    #expect(try files.text("/proc/vmallocinfo") == "")
    let attributes = try files.tree.attributes(of: textBytes("/proc/vmallocinfo"))
    #expect(attributes == FileAttributes(kind: .file, mode: 0o400, byteCount: 0))
    #expect(files.writing("x", "/proc/vmallocinfo") == "EACCES")
  }

  /// P-VMALLOC 16, P-VMALLOC 17.
  @Test(arguments: kernelNames)
  func `each area has a line, and each freed one until it is purged`(kernelName: String) throws {
    let files = try FileHost(memory: 1 << 30, nodes: 2, kernel: try kernel(kernelName))
    let arena = files.host.subsystem.vmalloc
    _ = try arena.allocate(request(4 << 20, "hash", .largestThatFits, node: 1))
    let small = try arena.allocate(request(5000, ""))
    let freed = try arena.allocate(request(1, "gone"))
    _ = try arena.mapDevice(
      PhysicalAddress(0xfe00_0000)..<PhysicalAddress(0xfe00_1000), caller: Array("pci".utf8))
    _ = try arena.map([small.pages[1]], caller: Array("view".utf8))
    _ = try arena.reserveSparse(byteCount: 8192, caller: Array("bpf".utf8))
    try arena.free(at: freed.start)
    let sparse = ["6.12", "7.2", "unified"].contains(kernelName) ? " sparse" : ""
    #expect(
      try files.text("/proc/vmallocinfo") == """
        0xffffc90000000000-0xffffc90000401000 4198400 hash pages=1024 vmalloc vpages N1=1024
        0xffffc90000401000-0xffffc90000404000   12288 hash pages=2 vmalloc N1=2
        0xffffc90000404000-0xffffc90000407000   12288 pages=2 vmalloc N0=2
        0xffffc90000409000-0xffffc9000040b000    8192 pci phys=0x00000000fe000000 ioremap
        0xffffc9000040b000-0xffffc9000040d000    8192 view vmap
        0xffffc9000040d000-0xffffc90000410000   12288 bpf\(sparse)
        0xffffc90000407000-0xffffc90000409000    8192 unpurged vm_area

        """)
    arena.purge()
    #expect(try files.lines("/proc/vmallocinfo", with: "unpurged") == [])
  }

  @Test(arguments: kernelNames)
  func `with several CPUs the list is sorted only before 6.12`(kernelName: String) throws {
    let files = try FileHost(kernel: try kernel(kernelName), cpus: 2)
    let arena = files.host.subsystem.vmalloc
    for _ in 0..<3 { _ = try arena.allocate(request(15 << 12, "a")) }
    let starts = try files.text("/proc/vmallocinfo").split(separator: "\n").map {
      String($0.dropFirst(13).prefix(5))
    }
    let isSorted = ["5.14", "6.1"].contains(kernelName)
    #expect(
      starts == (isSorted ? ["00000", "10000", "20000"] : ["00000", "20000", "10000"]))
  }

  @Test(arguments: kernelNames)
  func `used pages are counted, by node from 7.2 on`(kernelName: String) throws {
    let files = try FileHost(memory: 1 << 30, nodes: 2, kernel: try kernel(kernelName))
    let arena = files.host.subsystem.vmalloc
    let first = try arena.allocate(request(40 << 10, ""))
    _ = try arena.allocate(request(8 << 10, "", node: 1))
    #expect(
      try files.lines("/proc/meminfo", with: "Vmalloc") == [
        "VmallocTotal:   34359738367 kB", "VmallocUsed:          48 kB",
        "VmallocChunk:          0 kB",
      ])
    let isCounted = ["7.2", "unified"].contains(kernelName)
    #expect(
      try files.lines("/proc/vmstat", with: "vmalloc") == (isCounted ? ["nr_vmalloc 12"] : []))
    let node = "/sys/devices/system/node/node1/vmstat"
    #expect(try files.lines(node, with: "vmalloc") == (isCounted ? ["nr_vmalloc 2"] : []))
    try arena.free(at: first.start)
    #expect(
      try files.lines("/proc/meminfo", with: "VmallocUsed") == ["VmallocUsed:           8 kB"])
  }

  @Test func `five levels have more room`() throws {
    let files = try FileHost(format: .x86FiveLevel)
    #expect(
      try files.lines("/proc/meminfo", with: "VmallocTotal") == [
        "VmallocTotal:   13743895347199 kB"
      ])
  }
}
