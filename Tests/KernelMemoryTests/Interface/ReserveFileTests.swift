// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Files that size the reserves` {
  private let directory = "/proc/sys/vm/"

  private func zoneLines(_ files: FileHost, _ label: String) throws -> [UInt] {
    try files.lines("/proc/zoneinfo", with: "  \(label) ").compactMap {
      $0.split(separator: " ").last.flatMap { UInt($0) }
    }
  }

  /// The marks of the one large zone of a machine with 1 GiB.
  private func marks(_ files: FileHost) throws -> [UInt] {
    try ["min", "low", "high", "promo"].map { try zoneLines(files, $0)[1] }
  }

  @Test func `the reserve is shared out anew`() throws {
    let files = try FileHost()
    let path = directory + "min_free_kbytes"
    let managed = try zoneLines(files, "managed")
    for kibibytes: UInt in [0, 3, 4, 128, 4096, 65536, 262_144, 2_147_483_647] {
      #expect(files.writing("\(kibibytes)\n", path) == "\("\(kibibytes)".utf8.count + 1)")
      #expect(files.reading(path) == "\(kibibytes)\n")
      let share = kibibytes / 4 * managed[1] / (managed[0] + managed[1])
      let gap = max(share / 4, managed[1] / 1000)
      #expect(try marks(files) == (0..<4).map { share + $0 * gap })
    }
    #expect(files.host.complaints == [])
  }

  @Test(arguments: kernelNames)
  func `odd reserves are refused`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let path = directory + "min_free_kbytes"
    let before = try FileSnapshot(files.tree)
    for text in ["-1", "2147483648", "abc", "\n", "1.5", "0x", "4k", "99999999999999999999", "1\0"]
    {
      #expect(files.writing(text, path) == "EINVAL", "\(text)")
    }
    #expect(files.writing("", path) == "0")
    #expect(try FileSnapshot(files.tree).differences(from: before) == [])
    #expect(files.writing("0x1000 7", path) == "7")
    #expect(files.reading(path) == "4096\n")
  }

  @Test func `a larger reserve leaves less to pools, a smaller one more`() throws {
    var counts: [UInt] = []
    for kibibytes in ["0", "65536", "524288", "2147483647"] {
      let files = try FileHost()
      #expect(files.writing(kibibytes, directory + "min_free_kbytes") != "EINVAL")
      #expect(files.writing("100000", directory + "nr_hugepages") == "6")
      counts.append(try #require(UInt(files.text(directory + "nr_hugepages").dropLast())))
      #expect(files.host.complaints == [])
    }
    #expect(counts == counts.sorted(by: >))
    #expect(counts[0] - counts[1] >= 30)
    #expect(counts.last == 0)
  }

  @Test(arguments: kernelNames)
  func `marks can be spread`(name: String) throws {
    let files = try FileHost(kernel: kernel(name))
    let path = directory + "watermark_scale_factor"
    #expect(files.reading(path) == "10\n")
    #expect(files.writing("4096", directory + "min_free_kbytes") == "4")
    let managed = try zoneLines(files, "managed")
    let largest: UInt = name == "5.14" ? 1000 : 3000
    for factor in [1, 10, 150, largest] {
      #expect(files.writing("\(factor)", path) == "\("\(factor)".utf8.count)")
      #expect(files.reading(path) == "\(factor)\n")
      let marks = try ["min", "low", "high"].map { try zoneLines(files, $0)[1] }
      let gap = max(marks[0] / 4, managed[1] * factor / 10_000)
      #expect(marks[1] - marks[0] == gap)
      #expect(marks[2] - marks[1] == gap)
    }
    for text in ["0", "-1", "\(largest + 1)", "x"] {
      #expect(files.writing(text, path) == "EINVAL")
    }
    #expect(files.reading(path) == "\(largest)\n")
  }

  @Test func `the lists of CPUs hold a part of the zone, if that is said`() throws {
    let files = try FileHost(cpus: 4)
    let path = directory + "percpu_pagelist_high_fraction"
    #expect(files.reading(path) == "0\n")
    let usual = try zoneLines(files, "high:")
    let managed = try zoneLines(files, "managed")
    for text in ["1", "7", "-1", "-8", "x", "2147483648"] {
      #expect(files.writing(text, path) == "EINVAL")
      #expect(files.reading(path) == "0\n")
    }
    #expect(files.writing("8\n", path) == "2")
    #expect(files.reading(path) == "8\n")
    let batch = try zoneLines(files, "batch:")
    let expected = managed.prefix(2).enumerated().flatMap { index, pages in
      Array(repeating: max(pages / 8 / 4, batch[index * 4] * 4), count: 4)
    }
    for label in ["high:", "high_min:", "high_max:"] {
      #expect(try zoneLines(files, label) == expected, "\(label)")
    }
    #expect(files.writing("2147483647", path) == "10")
    #expect(try zoneLines(files, "high:") == batch.map { $0 * 4 })
    #expect(files.writing("0", path) == "1")
    #expect(try zoneLines(files, "high:") == usual)
    #expect(files.host.complaints == [])
  }

  @Test func `zones keep back less from higher ones, or nothing`() throws {
    let files = try FileHost(memory: 5 << 30)
    let path = directory + "lowmem_reserve_ratio"
    func protections() throws -> [String] {
      try files.lines("/proc/zoneinfo", with: "protection").map {
        String($0.drop { $0 != "(" })
      }
    }
    let managed = try zoneLines(files, "managed")
    let before = try protections()
    for (text, answer, shown) in [
      ("100 200 50\n", "11", "100\t200\t50\t0\t0\n"), ("1\t2\n", "4", "1\t2\t50\t0\t0\n"),
      ("0 -3", "4", "0\t0\t50\t0\t0\n"), ("1 2 3 4 5 6 7", "10", "1\t2\t3\t4\t5\n"),
      ("garbage", "7", "1\t2\t3\t4\t5\n"), ("9 garbage", "2", "9\t2\t3\t4\t5\n"),
      ("99999999999 1", "13", "9\t2\t3\t4\t5\n"), ("8 99999999999", "2", "8\t2\t3\t4\t5\n"),
      (" \n", "2", "8\t2\t3\t4\t5\n"), ("256 512 32 0 0", "14", "256\t512\t32\t0\t0\n"),
    ] {
      #expect(files.writing(text, path) == answer, "\(text.debugDescription)")
      #expect(files.reading(path) == shown, "\(text.debugDescription)")
    }
    let normal = managed[2]
    #expect(
      try protections()[0]
        == "(0, \(managed[1] / 256), \((managed[1] + normal) / 256), "
        + "\((managed[1] + normal) / 256), \((managed[1] + normal) / 256))")
    #expect(try protections()[1].hasPrefix("(0, 0, \(normal / 512), "))
    #expect(files.writing("256 256", path) == "7")
    #expect(try protections() == before)
    #expect(files.writing("0 0 0", path) == "5")
    #expect(try protections().allSatisfy { $0 == "(0, 0, 0, 0, 0)" })
  }
}

@Suite struct `Long texts for proc sys` {
  @Test func `a page of a text is looked at, and all of it taken`() throws {
    let files = try FileHost(memory: 256 << 20)
    let path = "/proc/sys/vm/nr_overcommit_hugepages"
    for (text, answer, shown) in [
      ("5" + String(repeating: " ", count: 9999), "10000", "5\n"),
      ("6 " + String(repeating: "x", count: 9998), "\(10_000 - 4095 + 2)", "6\n"),
      (String(repeating: " ", count: 4094) + "7", "4095", "7\n"),
      (String(repeating: " ", count: 4095) + "8", "EINVAL", "7\n"),
      (String(repeating: " ", count: 4094) + "99", "4096", "9\n"),
      (String(repeating: "0", count: 20), "20", "0\n"),
      (String(repeating: "0", count: 21), "EINVAL", "0\n"),
      ("1" + String(repeating: " ", count: (4 << 20) - 1), "ENOMEM", "0\n"),
      ("1" + String(repeating: " ", count: (4 << 20) - 2), "\((4 << 20) - 1)", "1\n"),
    ] {
      #expect(files.writing(text, path) == answer, "\(text.utf8.count) bytes")
      #expect(files.reading(path) == shown)
    }
  }
}
