// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Bad input to boot` {
  private static let names = [
    "hugepages", "hugepagesz", "default_hugepagesz", "hugetlb_free_vmemmap", "hugetlb_cma",
    "hugetlb_cma_only", "hugepage_alloc_threads", "mem", "memmap", "kernelcore", "movablecore",
    "movable_node", "memhp_default_state", "memory_hotplug.memmap_on_memory",
  ]

  /// Values besides those that any number file is given.
  private static let values: [[UInt8]] =
    [
      "0:4", "0:4,1:4", "0:4,0:5", "0:", ":3", "9999:1", "0:1,0:2", "0-", "0:4,", "0:4,,1:4",
      "1:4,7:1",
      "0:x", "0:-1", "0:18446744073709551615,1:18446744073709551615", "65536:1", "1024:1G",
      "4294967296:1", "18446744073709551616:1", "0:16E,1:16E", "0xffffffffc0000000",
      "0:0xffffffffc0000000", "18446744072635809792", "17179869183G", "16777216T", "50%", "100%",
      "101%", "18446744073709551615%", "%", "mirror", "mirrored", "exactmap", "exactmap,64M@0",
      "64M@16M", "64M#16M", "64M$16M", "64M!16M", "64M%16M-1+2", "64M%16M-+", "16E@0", "1@16E",
      "18446744073709551615@18446744073709551615", "0@0", "64M$", "$64M", "64M$1M,64M$2M,", "1,2,3",
      "nn@ss", "2M,1G", "1G1G", "\"2M\"", "\"", "\"\"\"", "2M\"", "force", "Y", "",
      "\n", "-1", "garbage", "3", "0x3", "1e3", "99999999999999999999", "18446744073709551615",
      "9223372036854775808", "10000000000000000000000000000000000000000", "on", "é",
    ].map { Array($0.utf8) }

  private func layout() throws -> (MemoryMap, NodeLayout) {
    let map = TestHost.memoryMap(of: 256 << 20)
    return (map, try TestHost.layout(of: map, nodes: 2))
  }

  /// Boots with `line`: either all is well then, or boot says why it cannot go on.
  private func boot(_ line: [UInt8], _ kernel: KernelDesign, thoroughly: Bool = true) throws {
    let (map, layout) = try layout()
    let machine = try HostedMachine(span: 256 << 20, regime: .x86FourLevel)
    let configuration = BootConfiguration(
      kernel: kernel, memoryMap: map, layout: layout, commandLine: line)
    let hint: Comment = "\(kernel.name): \(BadTexts.described(line))"
    let subsystem: MemorySubsystem
    do throws(BootError) {
      subsystem = try MemorySubsystem(configuration, on: machine)
    } catch {
      // Only words about the memory itself can leave a machine without any.
      let text = String(decoding: line, as: UTF8.self)
      #expect(text.contains("mem=") || text.contains("memmap="), hint)
      return
    }
    let tree = InterfaceTree(subsystem)
    if thoroughly { #expect(throws: Never.self, hint) { try FileSnapshot(tree) } }
    let shown = try tree.read(textBytes("/proc/cmdline"))
    #expect(shown == Array(line.prefix { $0 != 0 }.prefix(2047)) + [0x0A], hint)
    if thoroughly { #expect(subsystem.complaints == [], hint) }
    #expect(subsystem.hugeTLB.violations() == [], hint)
  }

  @Test(arguments: names)
  func `every value of every parameter boots or is refused`(name: String) throws {
    for (index, value) in Self.values.enumerated() {
      try boot(Array((name + "=").utf8) + value, .linux7_2, thoroughly: index % 12 == 0)
    }
    for line in [
      name, name + "=", "=" + name, name + "==", "\"" + name + "=1\"", name + "=1 " + name,
    ] {
      for kernel in KernelDesign.all { try boot(Array(line.utf8), kernel, thoroughly: false) }
    }
  }

  @Test(arguments: KernelDesign.all, 1...2)
  func `lines of random parameters boot or are refused`(kernel: KernelDesign, seed: Int) throws {
    var random = BootRandom(seed: UInt64(seed) &* 7919)
    for round in 0..<24 {
      var line: [UInt8] = []
      for _ in 0...random.below(6) {
        line += Array(Self.names[Int(random.below(UInt(Self.names.count)))].utf8)
        if random.below(8) > 0 {
          line.append(0x3D)
          line +=
            random.below(3) == 0
            ? BadTexts.random(&random) : Self.values[Int(random.below(UInt(Self.values.count)))]
        }
        line.append(0x20)
      }
      try boot(line, kernel, thoroughly: round % 6 == 0)
    }
  }

  @Test(arguments: KernelDesign.all)
  func `repeated parameters are counted, not multiplied`(kernel: KernelDesign) throws {
    for text in ["hugepages=3 ", "hugepagesz=2M hugepages=3 ", "default_hugepagesz=2M "] {
      try boot(Array(String(repeating: text, count: 40).utf8), kernel)
    }
    let files = try FileHost(
      memory: 256 << 20, kernel: kernel,
      commandLine: String(repeating: "hugepages=3 ", count: 40))
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "3\n")
  }

  @Test(arguments: [
    "a", "hugepages=1", "hugepages=", "memmap=1K$1M,", "\"", " ", "=", "hugetlb_cma=0:1,", "\u{0}",
  ])
  func `a line of a mebibyte is cut where its room ends`(piece: String) throws {
    let text = Array(String(repeating: piece, count: (1 << 20) / piece.utf8.count).utf8)
    try boot(text, .linux7_2)
    try boot(Array("hugepages=".utf8) + text, .linux6_1)
  }

  @Test func `what is cut off has no effect`() throws {
    let filler = String(repeating: "x", count: 2047 - "hugepages=5".utf8.count)
    for (line, count) in [
      (filler + "hugepages=5", 0), ("hugepages=5 " + filler, 5),
      (filler.dropLast() + " hugepages=5", 5), (filler.dropLast() + " hugepages=57", 5),
      (filler + "  hugepages=5", 0),
    ] {
      let files = try FileHost(memory: 256 << 20, commandLine: String(line))
      let shown = try files.text("/proc/cmdline").utf8.count - 1
      #expect(shown == min(line.utf8.count, 2047))
      #expect(files.reading("/proc/sys/vm/nr_hugepages") == "\(count)\n", "\(line.suffix(20))")
    }
  }

  @Test(arguments: (0..<10).map { PagingFormat.all[$0] })
  func `every architecture survives the worst numbers`(format: PagingFormat) throws {
    for number in ["18446744073709551615", "0xffffffffc0000000", "0:16E"] {
      let line = ["hugepages", "hugetlb_cma", "kernelcore", "movablecore"]
        .map { "\($0)=\(number)" }.joined(separator: " ")
      let files = try FileHost(memory: 512 << 20, format: format, commandLine: line)
      #expect(files.host.complaints == [], "\(format.name): \(number)")
    }
  }
}
