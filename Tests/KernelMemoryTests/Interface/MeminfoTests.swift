// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `The files called meminfo` {
  @Test func `Linux 7.2 shows every line`() throws {
    let text = """
      MemTotal:        1031156 kB
      MemFree:         1031156 kB
      MemAvailable:     959620 kB
      Buffers:               0 kB
      Cached:                0 kB
      SwapCached:            0 kB
      Active:                0 kB
      Inactive:              0 kB
      Active(anon):          0 kB
      Inactive(anon):        0 kB
      Active(file):          0 kB
      Inactive(file):        0 kB
      Unevictable:           0 kB
      Mlocked:               0 kB
      SwapTotal:             0 kB
      SwapFree:              0 kB
      Zswap:                 0 kB
      Zswapped:              0 kB
      Dirty:                 0 kB
      Writeback:             0 kB
      AnonPages:             0 kB
      Mapped:                0 kB
      Shmem:                 0 kB
      KReclaimable:          0 kB
      Slab:                  0 kB
      SReclaimable:          0 kB
      SUnreclaim:            0 kB
      KernelStack:           0 kB
      PageTables:            0 kB
      SecPageTables:         0 kB
      NFS_Unstable:          0 kB
      Bounce:                0 kB
      WritebackTmp:          0 kB
      CommitLimit:      515576 kB
      Committed_AS:          0 kB
      VmallocTotal:   34359738367 kB
      VmallocUsed:           0 kB
      VmallocChunk:          0 kB
      Percpu:                0 kB
      HardwareCorrupted:     0 kB
      AnonHugePages:         0 kB
      ShmemHugePages:        0 kB
      ShmemPmdMapped:        0 kB
      FileHugePages:         0 kB
      FilePmdMapped:         0 kB
      CmaTotal:              0 kB
      CmaFree:               0 kB
      Unaccepted:            0 kB
      Balloon:               0 kB
      GPUActive:             0 kB
      GPUReclaim:            0 kB
      HugePages_Total:       0
      HugePages_Free:        0
      HugePages_Rsvd:        0
      HugePages_Surp:        0
      Hugepagesize:       2048 kB
      Hugetlb:               0 kB
      DirectMap4k:        1663 kB
      DirectMap2M:     1046528 kB
      DirectMap1G:           0 kB

      """
    #expect(try FileHost().text("/proc/meminfo") == text)
  }

  @Test func `Linux 6.1 shows fewer`() throws {
    let text = """
      MemTotal:        1031156 kB
      MemFree:         1031156 kB
      MemAvailable:     959620 kB
      Buffers:               0 kB
      Cached:                0 kB
      SwapCached:            0 kB
      Active:                0 kB
      Inactive:              0 kB
      Active(anon):          0 kB
      Inactive(anon):        0 kB
      Active(file):          0 kB
      Inactive(file):        0 kB
      Unevictable:           0 kB
      Mlocked:               0 kB
      SwapTotal:             0 kB
      SwapFree:              0 kB
      Zswap:                 0 kB
      Zswapped:              0 kB
      Dirty:                 0 kB
      Writeback:             0 kB
      AnonPages:             0 kB
      Mapped:                0 kB
      Shmem:                 0 kB
      KReclaimable:          0 kB
      Slab:                  0 kB
      SReclaimable:          0 kB
      SUnreclaim:            0 kB
      KernelStack:           0 kB
      PageTables:            0 kB
      SecPageTables:         0 kB
      NFS_Unstable:          0 kB
      Bounce:                0 kB
      WritebackTmp:          0 kB
      CommitLimit:      515576 kB
      Committed_AS:          0 kB
      VmallocTotal:   34359738367 kB
      VmallocUsed:           0 kB
      VmallocChunk:          0 kB
      Percpu:                0 kB
      HardwareCorrupted:     0 kB
      AnonHugePages:         0 kB
      ShmemHugePages:        0 kB
      ShmemPmdMapped:        0 kB
      FileHugePages:         0 kB
      FilePmdMapped:         0 kB
      HugePages_Total:       0
      HugePages_Free:        0
      HugePages_Rsvd:        0
      HugePages_Surp:        0
      Hugepagesize:       2048 kB
      Hugetlb:               0 kB
      DirectMap4k:        1663 kB
      DirectMap2M:     1046528 kB
      DirectMap1G:           0 kB

      """
    #expect(try FileHost(kernel: .linux6_1).text("/proc/meminfo") == text)
  }

  @Test func `a node of Linux 6.12 has its own`() throws {
    let text = """
      Node 0 MemTotal:        1031156 kB
      Node 0 MemFree:         1031156 kB
      Node 0 MemUsed:               0 kB
      Node 0 SwapCached:            0 kB
      Node 0 Active:                0 kB
      Node 0 Inactive:              0 kB
      Node 0 Active(anon):          0 kB
      Node 0 Inactive(anon):        0 kB
      Node 0 Active(file):          0 kB
      Node 0 Inactive(file):        0 kB
      Node 0 Unevictable:           0 kB
      Node 0 Mlocked:               0 kB
      Node 0 Dirty:                 0 kB
      Node 0 Writeback:             0 kB
      Node 0 FilePages:             0 kB
      Node 0 Mapped:                0 kB
      Node 0 AnonPages:             0 kB
      Node 0 Shmem:                 0 kB
      Node 0 KernelStack:           0 kB
      Node 0 PageTables:            0 kB
      Node 0 SecPageTables:         0 kB
      Node 0 NFS_Unstable:          0 kB
      Node 0 Bounce:                0 kB
      Node 0 WritebackTmp:          0 kB
      Node 0 KReclaimable:          0 kB
      Node 0 Slab:                  0 kB
      Node 0 SReclaimable:          0 kB
      Node 0 SUnreclaim:            0 kB
      Node 0 AnonHugePages:         0 kB
      Node 0 ShmemHugePages:        0 kB
      Node 0 ShmemPmdMapped:        0 kB
      Node 0 FileHugePages:         0 kB
      Node 0 FilePmdMapped:         0 kB
      Node 0 Unaccepted:            0 kB
      Node 0 HugePages_Total:     0
      Node 0 HugePages_Free:      0
      Node 0 HugePages_Surp:      0

      """
    let files = try FileHost(kernel: .linux6_12)
    #expect(try files.text("/sys/devices/system/node/node0/meminfo") == text)
  }

  /// P-UI 10.
  @Test(arguments: kernelNames)
  func `nodes add up to the whole`(name: String) throws {
    let files = try FileHost(memory: 3 << 30, nodes: 3, kernel: kernel(name))
    for field in ["MemTotal:", "MemFree:"] {
      let whole = try number(of: field, in: "/proc/meminfo", files)
      let parts = try (0..<3).map {
        try number(of: field, in: "/sys/devices/system/node/node\($0)/meminfo", files)
      }
      #expect(parts.reduce(0, +) == whole)
    }
    let total = try number(of: "MemTotal:", in: "/proc/meminfo", files)
    #expect(total == files.host.subsystem.totals.managedPageCount * 4)
  }

  private func number(of field: String, in path: String, _ files: FileHost) throws -> UInt {
    let line = try #require(files.lines(path, with: field).first)
    return try #require(line.split(separator: " ").dropLast().last.flatMap { UInt($0) })
  }

  @Test func `bad frames are counted`() throws {
    let files = try FileHost()
    #expect(files.writing("1", "/proc/sys/vm/nr_hugepages") == "1")
    let pool = try #require(files.host.subsystem.hugeTLB.defaultPool)
    let head = try #require(files.host.subsystem.vmemmap.first(of: pool.parts[0].freeList))
    try files.host.subsystem.hugeTLB.poison(head.advanced(by: 5))
    #expect(try files.lines("/proc/meminfo", with: "Corrupted") == ["HardwareCorrupted:     4 kB"])
  }

  @Test func `memory of a machine without huge leaves has no direct map lines`() throws {
    let files = try FileHost(format: .riscvSv48)
    #expect(try files.lines("/proc/meminfo", with: "DirectMap").isEmpty)
  }

  @Test func `the direct map takes the largest leaves that fit`() {
    let sizes = DirectMapSizes([
      PhysicalAddress(0)..<PhysicalAddress(0x9_F000),
      PhysicalAddress(0x10_0000)..<PhysicalAddress(0xC000_0000 + 0x3000),
    ])
    #expect(sizes.largeByteCount == 2 << 30)
    #expect(sizes.middleByteCount == (1 << 30) - (2 << 20))
    #expect(sizes.smallByteCount == 0x9_F000 + (1 << 20) + 0x3000)
  }
}
