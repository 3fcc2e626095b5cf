// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Kernel command line` {
  /// The options of `line`, each as `name` or `name=value`, the value in brackets.
  private func words(_ line: String) -> [String] {
    BootOptions(textBytes(line)).map { option in
      let name = String(decoding: option.name, as: UTF8.self)
      return option.value.map { "\(name)=[\(String(decoding: $0, as: UTF8.self))]" } ?? name
    }
  }

  @Test(arguments: [
    ("", []), ("   \t\n ", []), ("quiet", ["quiet"]), ("a=1 b=2", ["a=[1]", "b=[2]"]),
    ("  a=1   b  ", ["a=[1]", "b"]), ("a=", ["a=[]"]), ("a=b=c", ["a=[b=c]"]),
    ("a=\"1 2\" b", ["a=[1 2]", "b"]), ("\"a=1 2\" b", ["a=[1 2]", "b"]),
    ("a=x\"1 2\"y b", ["a=[x\"1 2\"y]", "b"]), ("a=\"1 2", ["a=[1 2]"]), ("\"", [""]),
    ("=a", ["=a"]), ("=a=b", ["=a=[b]"]), ("a=1 -- b=2", ["a=[1]"]), ("a --x -- b", ["a", "--x"]),
    ("--=1 b", ["--=[1]", "b"]), ("a=1\0 b=2", ["a=[1]"]), ("a=\"\"", ["a=[]"]), ("a=\"", ["a=[]"]),
    ("\"a=\"1\"\" b", ["a=[1\"]", "b"]), ("\"a=\"\"", ["a=[]"]), ("\"a=\"\"\"", ["a=[\"]"]),
    ("\"a=\"", ["a=[]"]),
    ("\"a\"=1 b", ["a\"=[1]", "b"]), ("\"a\" b", ["a", "b"]), ("\"\" b", ["", "b"]),
    ("\"--\" b", []), ("a=\"1\" \"b", ["a=[1]", "b"]), ("a\tb\u{0B}c", ["a", "b", "c"]),
  ])
  func `words are split as the kernel splits them`(line: String, expected: [String]) {
    #expect(words(line) == expected)
  }

  @Test func `hyphens and underscores in names are the same`() {
    let option = BootOptions(textBytes("hugetlb-free_vmemmap=on")).map { $0 }.first
    #expect(option?.isNamed("hugetlb_free_vmemmap") == true)
    #expect(option?.isNamed("hugetlb-free-vmemmap") == true)
    #expect(option?.isNamed("hugetlb_free_vmemma") == false)
    #expect(option?.isNamed("hugetlb_free_vmemmaps") == false)
  }

  @Test func `a line of a megabyte is read in one pass`() {
    let word = String(repeating: "x", count: 1 << 20)
    #expect(words("\(word)=\(word) b").count == 2)
    #expect(words(String(repeating: "a ", count: 1 << 19)).count == 1 << 19)
    let line = "hugepages=\(word) \(String(repeating: "hugepagesz=2M ", count: 50_000))"
    let parameters = BootParameters(commandLine: textBytes(line), rules: .linux6_1)
    #expect(parameters.hugePageDirectives.count == 50_001)
  }
}

@Suite struct `Boot parameters` {
  private func read(_ line: String, _ rules: BootParameterRules = .linux7_2) -> BootParameters {
    BootParameters(commandLine: textBytes(line), rules: rules)
  }

  @Test(arguments: [
    ("hugetlb_free_vmemmap=on", true, true, true),
    ("hugetlb_free_vmemmap=off", false, false, false),
    ("hugetlb_free_vmemmap=y", nil, true, true), ("hugetlb_free_vmemmap=0", nil, false, false),
    ("hugetlb_free_vmemmap", nil, true, nil), ("hugetlb_free_vmemmap=maybe", nil, nil, nil),
    ("hugetlb_free_vmemmap=", nil, nil, nil), ("hugetlb_free_vmemmap=onwards", nil, true, true),
    ("quiet", nil, nil, nil), ("hugetlb_free_vmemmap=on hugetlb_free_vmemmap=x", true, true, true),
    ("hugetlb_free_vmemmap=on hugetlb_free_vmemmap=off", false, false, false),
    ("hugetlb_free_vmemmap=\"on\"", true, true, true),
    ("x -- hugetlb_free_vmemmap=on", nil, nil, nil),
    ("hugetlb-free-vmemmap=on", true, true, true), ("hugetlb_free_vmemmap=On", nil, true, true),
    ("hugetlb_free_vmemmap=t", nil, true, true), ("hugetlb_free_vmemmap=False", nil, false, false),
    ("hugetlb_free_vmemmap=enabled", nil, nil, true), ("hugetlb_free_vmemmap=D", nil, nil, false),
    ("hugetlb_free_vmemmap=o", nil, nil, nil), ("hugetlb_free_vmemmap=2", nil, nil, nil),
    ("hugetlb_free_vmemmap=off hugetlb_free_vmemmap", false, true, false),
    ("hugetlb_free_vmemmap=\" on\"", nil, nil, nil), ("hugetlb_free_vmemmaps=on", nil, nil, nil),
  ])
  func `the switch is read as each series reads it`(
    line: String, onOrOff: Bool?, core: Bool?, early: Bool?
  ) {
    #expect(read(line, .linux5_14).optimizesVmemmap == onOrOff)
    #expect(read(line, .linux6_1).optimizesVmemmap == core)
    #expect(read(line, .linux6_12).optimizesVmemmap == core)
    #expect(read(line, .linux7_2).optimizesVmemmap == early)
    #expect(read(line, KernelDesign.unified.bootParameters).optimizesVmemmap == early)
  }

  @Test(arguments: [
    ("hugepage_alloc_threads=4", 4), ("hugepage_alloc_threads=0x10", 16),
    ("hugepage_alloc_threads=0", nil), ("hugepage_alloc_threads=-1", nil),
    ("hugepage_alloc_threads=4x", nil), ("hugepage_alloc_threads=010", 8),
    ("hugepage_alloc_threads=+3", 3), ("hugepage_alloc_threads=", nil),
    ("hugepage_alloc_threads", nil), ("hugepage_alloc_threads=18446744073709551616", nil),
    ("hugepage_alloc_threads=4 hugepage_alloc_threads=2", 2),
    ("hugepage_alloc_threads=4 hugepage_alloc_threads=0", 4),
  ])
  func `threads are a number above zero where they exist`(line: String, count: UInt?) {
    #expect(read(line).allocationThreadCount == count)
    #expect(read(line, .linux6_12).allocationThreadCount == nil)
  }

  /// Parameters with the total and the nodes they ask for, in MiB.
  private static let pools: [(String, UInt, [Int], [UInt])] = [
    ("hugetlb_cma=2G", 2048, [], []), ("hugetlb_cma=0:1G,1:512M", 1536, [0, 1], [1024, 512]),
    ("hugetlb_cma=0:1G,junk", 1024, [0], [1024]), ("hugetlb_cma=0:1Gx,1:1G", 1024, [0], [1024]),
    ("hugetlb_cma=1024:1G", 0, [], []), ("hugetlb_cma=junk", 0, [], []),
    ("hugetlb_cma=", 0, [], []),
    ("hugetlb_cma=1:1G,0:1G,1:2G", 4096, [0, 1], [1024, 2048]),
    ("hugetlb_cma=0:17179869185G,1:16E", 1024, [0, 1], [1024, 0]),
    ("hugetlb_cma=1G,0:1G", 1024, [], []), ("hugetlb_cma=0:1G,2G", 0, [0], [1024]),
    ("hugetlb_cma=0:1G hugetlb_cma=2G", 2048, [0], [1024]), ("hugetlb_cma=G", 0, [], []),
    ("hugetlb_cma=0:G,1:1G", 1024, [0, 1], [0, 1024]), ("hugetlb_cma=\" 0: 1G\"", 0, [0], [0]),
    ("hugetlb_cma", 0, [], []), ("hugetlb-cma=1G", 1024, [], []),
  ]

  @Test(arguments: pools)
  func `contiguous memory is given in total or by node`(
    line: String, total: UInt, nodes: [Int], megabytes: [UInt]
  ) {
    let pool = read(line).contiguousPool
    #expect(pool.byteCount >> 20 == total)
    #expect(pool.nodeByteCounts.map(\.node.index) == nodes)
    #expect(pool.nodeByteCounts.map { $0.byteCount >> 20 } == megabytes)
    #expect(read(line, .linux6_1).contiguousPool.nodeByteCounts == pool.nodeByteCounts)
    #expect(read(line, .linux6_12).contiguousPool.byteCount == pool.byteCount)
  }

  @Test func `lists of nodes are one size where there are no such lists`() {
    #expect(read("hugetlb_cma=2G", .linux5_14).contiguousPool.byteCount == 2 << 30)
    for line in ["hugetlb_cma=0:1G,1:512M", "hugetlb_cma=0:1G"] {
      let pool = read(line, .linux5_14).contiguousPool
      #expect(pool.byteCount == 0 && pool.nodeByteCounts.isEmpty)
    }
  }

  @Test func `exclusive use means nothing without contiguous memory`() {
    #expect(read("hugetlb_cma=1G hugetlb_cma_only=on").contiguousPool.isExclusive)
    #expect(read("hugetlb_cma_only=1 hugetlb_cma=1G").contiguousPool.isExclusive)
    #expect(!read("hugetlb_cma_only=on").contiguousPool.isExclusive)
    #expect(!read("hugetlb_cma=1G hugetlb_cma_only=x").contiguousPool.isExclusive)
    #expect(!read("hugetlb_cma=1G hugetlb_cma_only=on", .linux6_12).contiguousPool.isExclusive)
  }

  @Test func `movable memory is a size or a share`() {
    #expect(read("movablecore=1G").movableMemory == .bytes(1 << 30))
    #expect(read("kernelcore=25%").kernelMemory == .percent(25))
    #expect(read("kernelcore=mirror").kernelMemory == .mirrored)
    #expect(read("movablecore=mirror").movableMemory == .bytes(0))
    #expect(read("kernelcore").kernelMemory == nil)
    #expect(read("movable_node").keepsHotPluggableMemoryMovable)
    #expect(read("movable_node=off").keepsHotPluggableMemoryMovable)
    #expect(!read("movable_nodes").keepsHotPluggableMemoryMovable)
  }

  @Test(arguments: [
    ("kernelcore=mirror kernelcore=1G", MemoryShare.mirrored), ("kernelcore=x,mirror,y", .mirrored),
    ("kernelcore=mirrored", .bytes(0)), ("kernelcore=1G kernelcore=512M", .bytes(512 << 20)),
    ("kernelcore=1G kernelcore=10%", .percent(10)), ("kernelcore=0x10%", .percent(16)),
    ("kernelcore=%", .percent(0)), ("kernelcore=1K%", .bytes(1024)), ("kernelcore=", .bytes(0)),
    ("kernelcore=16E", .bytes(0)), ("kernelcore=1Gjunk", .bytes(1 << 30)),
  ])
  func `the last share counts, but mirrored memory stays`(line: String, share: MemoryShare) {
    #expect(read(line).kernelMemory == share)
    #expect(read(line, .linux5_14).kernelMemory == share)
  }

  @Test func `shares are counted in pages`() {
    #expect(MemoryShare.bytes(1 << 20).pageCount(of: 1000, pageSize: .fourKiB) == 256)
    #expect(MemoryShare.percent(25).pageCount(of: 1000, pageSize: .fourKiB) == 250)
    #expect(MemoryShare.percent(400).pageCount(of: .max, pageSize: .fourKiB) == .max)
    #expect(MemoryShare.mirrored.pageCount(of: 1000, pageSize: .fourKiB) == nil)
  }

  @Test func `hotplug settings are kept as given`() {
    let parameters = read(
      "memory_hotplug.memmap_on_memory=force memhp_default_state=online_movable")
    #expect(parameters.memmapOnMemory.map(Array.init) == Array("force".utf8))
    #expect(parameters.addedMemoryStates.map(Array.init) == [Array("online_movable".utf8)])
    #expect(read("memory_hotplug.memmap_on_memory").memmapOnMemory == [])
    #expect(read("").memmapOnMemory == nil)
  }

  @Test func `every option is kept in its order`() {
    let parameters = read("root=/dev/vda hugepages=4 nohugevmalloc")
    #expect(parameters.options.count == 3)
    #expect(parameters.option(named: "nohugevmalloc") != nil)
    #expect(parameters.option(named: "hashdist") == nil)
  }
}
