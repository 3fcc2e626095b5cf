// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `The files of free blocks` {
  @Test func `buddyinfo counts blocks of each order`() throws {
    let text = [
      "Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 ",
      "Node 0, zone    DMA32      1      0      1      1      1      1      1      1      1      1    247 ",
    ]
    #expect(try FileHost().text("/proc/buddyinfo") == text.joined(separator: "\n") + "\n")
  }

  @Test func `pagetypeinfo counts them by type`() throws {
    let text = [
      "Page block order: 9",
      "Pages per block:  512",
      "",
      "Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8      9     10 ",
      "Node    0, zone      DMA, type    Unmovable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type      Movable      0      0      0      0      0      0      0      0      1      1      3 ",
      "Node    0, zone      DMA, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type          CMA      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type      Isolate      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type    Unmovable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type      Movable      1      0      1      1      1      1      1      1      1      1    247 ",
      "Node    0, zone    DMA32, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type          CMA      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type      Isolate      0      0      0      0      0      0      0      0      0      0      0 ",
      "",
      "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate ",
      "Node 0, zone      DMA            0            8            0            0            0            0 ",
      "Node 0, zone    DMA32            0          504            0            0            0            0 ",
    ]
    #expect(try FileHost().text("/proc/pagetypeinfo") == text.joined(separator: "\n") + "\n")
  }

  @Test func `kernels without contiguous areas have no column for them`() throws {
    let files = try FileHost(kernel: .linux6_12)
    #expect(try files.lines("/proc/pagetypeinfo", with: "CMA").isEmpty)
    #expect(try files.lines("/proc/pagetypeinfo", with: "Isolate").count == 3)
  }

  @Test func `every node with memory has its report`() throws {
    let files = try FileHost(nodes: 2)
    #expect(try files.lines("/proc/pagetypeinfo", with: "Page block order: 9").count == 2)
  }

  /// P-UI 11.
  @Test(arguments: ["0", "1", "37", "100"])
  func `blocks add up to the free pages of zones`(count: String) throws {
    let files = try FileHost(memory: 6 << 30, commandLine: "hugetlb_free_vmemmap=on")
    #expect(files.writing(count, "/proc/sys/vm/nr_hugepages") == "\(count.utf8.count)")
    let free = try files.lines("/proc/zoneinfo", with: "pages free").filter { !$0.hasSuffix(" 0") }
    let lines = try files.text("/proc/buddyinfo").split(separator: "\n")
    #expect(free.count == lines.count)
    for (zone, line) in zip(free, lines) {
      let counts = line.split(separator: " ").suffix(11).compactMap { UInt($0) }
      let pages = counts.enumerated().reduce(UInt(0)) { $0 + $1.element << UInt($1.offset) }
      #expect(zone == "  pages free     \(pages)")
    }
  }
}
