// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// What records of real kernels say about odd values: the answer, and the value read back
/// afterwards. `nil` reads back what was there before.
private struct OddWrite: Sendable, CustomTestStringConvertible {
  let text: String
  let answer: String
  let value: UInt?

  init(_ text: String, _ answer: String, _ value: UInt? = nil) {
    self.text = text
    self.answer = answer
    self.value = value
  }

  var testDescription: String { text.debugDescription }
}

private let oddSysfsWrites = [
  OddWrite("-1", "EINVAL"), OddWrite("-5", "EINVAL"), OddWrite("abc", "EINVAL"),
  OddWrite("", "0"), OddWrite("12abc", "EINVAL"), OddWrite("0x10", "EINVAL"),
  OddWrite("010", "3", 10), OddWrite(" 7", "EINVAL"), OddWrite("7\n", "2", 7),
  OddWrite("7\n\n", "EINVAL"), OddWrite("3 4", "EINVAL"), OddWrite("12 ", "EINVAL"),
  OddWrite("99999999999999999999", "ERANGE"), OddWrite("99999999999999999999999", "ERANGE"),
  OddWrite("1.5", "EINVAL"), OddWrite("1M", "EINVAL"), OddWrite("+6", "2", 6),
  OddWrite("on", "EINVAL"), OddWrite("\n", "EINVAL"), OddWrite("5\0junk", "6", 5),
]

private let oddSysctlWrites = [
  OddWrite("-1", "EINVAL"), OddWrite("-5", "EINVAL"), OddWrite("abc", "EINVAL"),
  OddWrite("", "0"), OddWrite("12abc", "EINVAL"), OddWrite("0x10", "4", 16),
  OddWrite("0x3", "3", 3), OddWrite("010", "3", 8), OddWrite("07", "2", 7),
  OddWrite(" 7", "2", 7), OddWrite("7\n", "2", 7), OddWrite("3 4", "2", 3),
  OddWrite("4 5", "2", 4), OddWrite("99999999999999999999", "EINVAL"),
  OddWrite("1.5", "EINVAL"), OddWrite("1M", "EINVAL"), OddWrite("+6", "EINVAL"),
  OddWrite("on", "EINVAL"), OddWrite("\n", "EINVAL"),
]

/// Values larger than any pool: kept as limits, cut down as sizes.
private let hugeNumbers = ["18446744073709551615", "9223372036854775808", "4294967296"]

@Suite struct `Numbers written to pools` {
  private static let sizeFiles = [
    poolPath(2048) + "nr_hugepages",
    "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
    poolPath(2048) + "nr_hugepages_mempolicy",
    poolPath(2048) + "nr_overcommit_hugepages",
  ]
  private static let sysctlFiles = [
    "/proc/sys/vm/nr_hugepages", "/proc/sys/vm/nr_hugepages_mempolicy",
    "/proc/sys/vm/nr_overcommit_hugepages",
  ]

  private func check(_ path: String, _ writes: [OddWrite], kernel name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    var value: UInt = 0
    for write in writes {
      #expect(files.writing(write.text, path) == write.answer, "\(write.text.debugDescription)")
      value = write.value ?? value
      #expect(files.reading(path) == "\(value)\n", "after \(write.text.debugDescription)")
    }
    #expect(files.host.subsystem.hugeTLB.violations().isEmpty)
  }

  /// P-UI 6.
  @Test(arguments: kernelNames, sizeFiles)
  func `files of sys take decimal numbers only`(name: String, path: String) throws {
    try check(path, oddSysfsWrites, kernel: name)
  }

  /// P-UI 7.
  @Test(arguments: kernelNames, sysctlFiles)
  func `files of proc take any base, and the first of several`(name: String, path: String) throws {
    try check(path, oddSysctlWrites, kernel: name)
  }

  @Test(arguments: sizeFiles.dropLast() + sysctlFiles.dropLast(), hugeNumbers)
  func `a pool grows as far as memory goes`(path: String, number: String) throws {
    let files = try FileHost()
    #expect(files.writing(number, path) == "\(number.utf8.count)")
    let count = try #require(UInt(files.text(path).dropLast()))
    #expect((440..<512).contains(count))
    #expect(files.reading(poolPath(2048) + "nr_hugepages") == "\(count)\n")
    #expect(files.host.subsystem.hugeTLB.violations().isEmpty)
  }

  @Test(arguments: [
    "/proc/sys/vm/nr_overcommit_hugepages", poolPath(2048) + "nr_overcommit_hugepages",
  ])
  func `a limit may be any number`(path: String) throws {
    let files = try FileHost()
    for number in hugeNumbers {
      #expect(files.writing(number, path) == "\(number.utf8.count)")
      #expect(files.reading(path) == number + "\n")
    }
  }

  @Test(arguments: kernelNames)
  func `a limit for gigantic pages depends on the kernel`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let path = poolPath(1_048_576) + "nr_overcommit_hugepages"
    let isAllowed = name == "7.2" || name == "unified"
    #expect(files.writing("1", path) == (isAllowed ? "1" : "EINVAL"))
    #expect(files.reading(path) == (isAllowed ? "1\n" : "0\n"))
    #expect(files.writing("-1", path) == "EINVAL")
    #expect(files.writing("99999999999999999999", path) == (isAllowed ? "ERANGE" : "EINVAL"))
    #expect(files.writing("0", path) == (isAllowed ? "1" : "EINVAL"))
  }

  /// P-POOL 12.
  @Test func `a node's part is resized by itself`() throws {
    let files = try FileHost(nodes: 2)
    let node = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/"
    #expect(files.writing("10", "/proc/sys/vm/nr_hugepages") == "2")
    #expect(files.reading(node + "nr_hugepages") == "5\n")
    #expect(files.writing("8", node + "nr_hugepages") == "1")
    #expect(files.reading(node + "free_hugepages") == "8\n")
    #expect(files.reading(poolPath(2048) + "nr_hugepages") == "13\n")
    #expect(
      files.reading("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages")
        == "5\n")
    #expect(files.reading(node + "surplus_hugepages") == "0\n")
  }

  /// P-POOL 23, P-UI 8, P-UI 9.
  @Test func `the sum of meminfo is that of the pools`() throws {
    let files = try FileHost(memory: 4 << 30, nodes: 2)
    #expect(files.writing("1", poolPath(1_048_576) + "nr_hugepages") == "1")
    #expect(files.writing("7", poolPath(2048) + "nr_hugepages") == "1")
    #expect(
      try files.lines("/proc/meminfo", with: "Huge").suffix(6) == [
        "HugePages_Total:       7", "HugePages_Free:        7", "HugePages_Rsvd:        0",
        "HugePages_Surp:        0", "Hugepagesize:       2048 kB", "Hugetlb:         1062912 kB",
      ])
    let nodes = try (0..<2).map { node in
      try files.lines("/sys/devices/system/node/node\(node)/meminfo", with: "HugePages_")
    }
    #expect(
      nodes[0] == [
        "Node 0 HugePages_Total:     4", "Node 0 HugePages_Free:      4",
        "Node 0 HugePages_Surp:      0",
      ])
    #expect(nodes[1].first == "Node 1 HugePages_Total:     3")
  }
}

@Suite struct `Demotion files` {
  @Test(arguments: kernelNames)
  func `odd sizes are refused`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let path = poolPath(1_048_576) + "demote_size"
    for (text, answer) in [
      ("2M", "2"), ("2048k", "5"), ("2048kB", "6"), ("2097152", "7"), ("0x200000\n", "9"),
      ("1G", "EINVAL"), ("4K", "EINVAL"), ("abc", "EINVAL"), ("0", "EINVAL"), ("3M", "EINVAL"),
      ("99999999999E", "EINVAL"), ("\n", "EINVAL"),
    ] {
      #expect(files.writing(text, path) == answer, "\(text)")
      #expect(files.reading(path) == "2048kB\n")
    }
  }

  /// P-UI 22.
  @Test(arguments: kernelNames)
  func `one gigantic page becomes 512 smaller ones`(name: String) throws {
    let files = try FileHost(memory: 4 << 30, kernel: kernel(name))
    let gigantic = poolPath(1_048_576)
    #expect(files.writing("2", gigantic + "nr_hugepages") == "1")
    for text in ["-1", "abc", "0x1", "1 "] {
      #expect(files.writing(text, gigantic + "demote") == "EINVAL")
    }
    #expect(files.writing("1\n", gigantic + "demote") == "2")
    #expect(files.reading(gigantic + "nr_hugepages") == "1\n")
    #expect(files.reading(poolPath(2048) + "nr_hugepages") == "512\n")
    #expect(files.writing("100", gigantic + "demote") == "3")
    #expect(files.reading(gigantic + "nr_hugepages") == "0\n")
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "1024\n")
    #expect(files.writing("1", gigantic + "demote") == "1")
    #expect(files.reading(gigantic + "demote") == "EACCES")
    #expect(files.host.subsystem.hugeTLB.violations().isEmpty)
  }

  @Test func `the smallest size cannot be demoted`() throws {
    let files = try FileHost()
    #expect(files.writing("1", poolPath(2048) + "demote") == "ENOENT")
    #expect(files.writing("4K", poolPath(2048) + "demote_size") == "ENOENT")
  }
}
