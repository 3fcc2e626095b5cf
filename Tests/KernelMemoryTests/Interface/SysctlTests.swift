// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Switches of proc sys vm` {
  private let switchPath = "/proc/sys/vm/hugetlb_optimize_vmemmap"

  @Test(arguments: ["6.1", "6.12", "7.2", "unified"])
  func `the vmemmap switch is any number but 0`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    #expect(files.reading(switchPath) == "0\n")
    for (text, answer, value) in [
      ("2", "1", 1), ("-1", "2", 1), ("abc", "EINVAL", 1), ("", "0", 1), ("on", "EINVAL", 1),
      ("true", "EINVAL", 1), ("y", "EINVAL", 1), ("1 1", "2", 1), ("0", "1", 0),
      ("1\n", "2", 1), ("01", "2", 1), ("256", "3", 1), ("99999999999", "EINVAL", 1),
      ("0x0", "3", 0),
    ] {
      #expect(files.writing(text, switchPath) == answer, "\(text)")
      #expect(files.reading(switchPath) == "\(value)\n", "after \(text)")
      #expect(files.host.subsystem.isVmemmapOptimizationEnabled == (value == 1))
    }
  }

  @Test func `a kernel without a switch has no file for it`() throws {
    #expect(try FileHost(kernel: .linux5_14).reading(switchPath) == "ENOENT")
  }

  @Test func `an architecture that cannot fold has no switch`() throws {
    let files = try FileHost(format: .arm64With4KPages)
    #expect(files.reading(switchPath) == "ENOENT")
  }

  @Test(arguments: kernelNames)
  func `movable gigantic pages came with 7 point 2`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let path = "/proc/sys/vm/movable_gigantic_pages"
    guard name == "7.2" || name == "unified" else {
      #expect(files.reading(path) == "ENOENT")
      return
    }
    #expect(files.writing("-7\n", path) == "3")
    #expect(files.reading(path) == "-7\n")
    #expect(files.writing("x", path) == "EINVAL")
    #expect(files.writing("0", path) == "1")
    #expect(files.reading(path) == "0\n")
  }

  @Test func `the group of shared memory is a signed number`() throws {
    let files = try FileHost()
    let path = "/proc/sys/vm/hugetlb_shm_group"
    #expect(files.reading(path) == "0\n")
    #expect(files.writing("1000\n", path) == "5")
    #expect(files.reading(path) == "1000\n")
    #expect(files.writing("2147483648", path) == "EINVAL")
    #expect(files.writing("-2147483648", path) == "11")
    #expect(files.reading(path) == "-2147483648\n")
  }

  @Test func `reserves are shown`() throws {
    let files = try FileHost()
    #expect(files.reading("/proc/sys/vm/lowmem_reserve_ratio") == "256\t256\t32\t0\t0\n")
    #expect(files.reading("/proc/sys/vm/min_free_kbytes") == "45056\n")
  }

  @Test func `compacting brings back what CPUs keep`() throws {
    let files = try FileHost(commandLine: "hugetlb_free_vmemmap=on")
    #expect(files.writing("3", "/proc/sys/vm/nr_hugepages") == "1")
    #expect(files.writing("0", "/proc/sys/vm/nr_hugepages") == "1")
    #expect(files.writing("2", "/proc/sys/vm/compact_memory") == "EINVAL")
    #expect(files.writing("1\n", "/proc/sys/vm/compact_memory") == "2")
    let totals = files.host.subsystem.totals
    #expect(files.tree.freePageCount == totals.freePageCount)
    #expect(files.reading("/proc/sys/vm/compact_memory") == "EACCES")
    #expect(files.writing("anything", "/sys/devices/system/node/node0/compact") == "8")
  }

  @Test func `what follows a number is ignored when it is written behind it`() throws {
    let files = try FileHost()
    try files.tree.writeAll(textBytes("3 4\n"), to: textBytes("/proc/sys/vm/nr_hugepages"))
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "3\n")
  }

  @Test func `a system whose default pages are gigantic says so`() throws {
    let files = try FileHost(
      memory: 4 << 30, kernel: .linux6_12, commandLine: "default_hugepagesz=1G hugepages=1")
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "1\n")
    #expect(files.writing("1", "/proc/sys/vm/nr_overcommit_hugepages") == "EINVAL")
    #expect(
      try files.lines("/proc/meminfo", with: "Hugepagesize") == ["Hugepagesize:    1048576 kB"])
  }

  /// P-POOL 26.
  @Test func `the pool of proc sys vm shows what was asked for, not what is there`() throws {
    let files = try FileHost()
    #expect(files.writing("2", "/proc/sys/vm/nr_overcommit_hugepages") == "1")
    let pool = try #require(files.host.subsystem.hugeTLB.defaultPool)
    let mapping = try HugeMapping(pool: pool, pageCount: 2, manner: .reserve)
    try mapping.touchAll()
    #expect(files.reading(poolPath(2048) + "nr_hugepages") == "2\n")
    #expect(files.reading(poolPath(2048) + "surplus_hugepages") == "2\n")
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "0\n")
    #expect(try files.lines("/proc/vmstat", with: "nr_hugetlb") == ["nr_hugetlb 1024"])
    mapping.release()
    #expect(files.reading(poolPath(2048) + "nr_hugepages") == "0\n")
  }
}
