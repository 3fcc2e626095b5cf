// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `The file kpageflags` {
  /// The words of all frames from `first` on.
  private func words(
    _ files: FileHost, from first: UInt = 0, count: UInt = 1 << 19
  ) throws -> [UInt64] {
    let bytes = try files.tree.read(textBytes("/proc/kpageflags"), at: first * 8, count: count * 8)
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
  }

  private func count(_ words: [UInt64], _ flags: PageFlags) -> Int {
    words.count { $0 & flags.rawValue == flags.rawValue }
  }

  /// P-UI 16.
  @Test func `it is as long as the sections`() throws {
    let files = try FileHost(memory: 200 << 20)
    #expect(try words(files).count == 256 << 8)
    #expect(try words(files, from: 256 << 8).isEmpty)
    #expect(try words(files, from: 1 << 50).isEmpty)
    #expect(try words(files, from: (256 << 8) - 3).count == 3)
  }

  /// P-UI 16.
  @Test(arguments: [(1, 8), (0, 7), (4, 4), (8, 1), (.max, 8)] as [(UInt, UInt)])
  func `odd places and lengths are refused`(offset: UInt, length: UInt) throws {
    let tree = try FileHost().tree
    #expect(throws: InterfaceError.invalid) {
      try tree.read(textBytes("/proc/kpageflags"), at: offset, count: length)
    }
  }

  /// P-UI 17.
  @Test(arguments: kernelNames, ["on", "off"])
  func `huge pages show as such, folded or not`(name: String, folding: String) throws {
    let files = try FileHost(
      memory: 3 << 30, kernel: kernel(name), commandLine: "hugetlb_free_vmemmap=\(folding)")
    #expect(files.writing("5", poolPath(2048) + "nr_hugepages") == "1")
    #expect(files.writing("1", poolPath(1_048_576) + "nr_hugepages") == "1")
    let words = try words(files, count: 1 << 20)
    #expect(count(words, .huge) == 5 * 512 + (1 << 18))
    #expect(count(words, [.huge, .compoundHead]) == 6)
    #expect(count(words, [.huge, .compoundTail]) == 5 * 511 + (1 << 18) - 1)
    #expect(count(words, [.huge, .buddy]) == 0)
  }

  @Test func `free and reserved frames add up`() throws {
    let files = try FileHost()
    let words = try words(files)
    let totals = files.host.subsystem.totals
    #expect(UInt(count(words, .buddy)) == files.tree.freePageCount)
    #expect(UInt(count(words, .reserved)) == (1 << 18) - totals.managedPageCount)
  }

  @Test(arguments: [("6.1", UInt64(1) << 20), ("6.12", 1 << 20), ("7.2", 0)])
  func `holes depend on the kernel`(name: String, word: UInt64) throws {
    let files = try FileHost(memory: 4 << 30, kernel: kernel(name))
    #expect(try words(files, from: 0xC_0000, count: 2) == [word, word])
    #expect(try words(files, from: 0xF_FFFF, count: 1) == [word])
  }

  @Test(arguments: [("6.1", 1), ("6.12", 512), ("7.2", 512)])
  func `a bad frame marks the head or the whole page`(name: String, marked: Int) throws {
    let files = try FileHost(kernel: kernel(name))
    #expect(files.writing("1", "/proc/sys/vm/nr_hugepages") == "1")
    let pool = try #require(files.host.subsystem.hugeTLB.defaultPool)
    let mapping = try HugeMapping(pool: pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    try files.host.subsystem.hugeTLB.poison(head.advanced(by: 5))
    #expect(count(try words(files), [.huge, .poisoned]) == marked)
    mapping.release()
  }
}

@Suite struct `The files kpagecount and kpagecgroup` {
  private func words(_ files: FileHost, _ path: String) throws -> [UInt64] {
    let bytes = try files.tree.read(textBytes(path))
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
  }

  @Test(arguments: kernelNames, ["on", "off"])
  func `pages of pools count as mapped while somebody uses them`(
    name: String, folding: String
  ) throws {
    let files = try FileHost(
      memory: 256 << 20, kernel: kernel(name),
      commandLine: "hugetlb_free_vmemmap=\(folding) hugepages=5")
    let length = Int(files.host.subsystem.topology.end.aligned(upTo: PageOrder(15)).rawValue)
    #expect(try words(files, "/proc/kpagecount") == Array(repeating: 0, count: length))
    let pool = try #require(files.host.subsystem.hugeTLB.defaultPool)
    let mapping = try HugeMapping(pool: pool, pageCount: 4, manner: .reserve)
    try mapping.touch(0)
    try mapping.touch(3)
    let counts = try words(files, "/proc/kpagecount")
    #expect(counts.count == length)
    #expect(counts.reduce(0, +) == 1024)
    for index: UInt in [0, 3] {
      let frames = try #require(mapping.folio(at: index)).frames
      for pfn in [frames.lowerBound, frames.lowerBound.advanced(by: 511)] {
        #expect(counts[Int(pfn.rawValue)] == 1)
      }
    }
    mapping.release()
    #expect(try words(files, "/proc/kpagecount").allSatisfy { $0 == 0 })
  }

  @Test func `there are no control groups`() throws {
    let files = try FileHost(memory: 256 << 20)
    #expect(
      try words(files, "/proc/kpagecgroup").count == words(files, "/proc/kpageflags").count)
    #expect(try words(files, "/proc/kpagecgroup").allSatisfy { $0 == 0 })
  }

  @Test(arguments: ["kpageflags", "kpagecount", "kpagecgroup"])
  func `only whole words are read, by the owner`(name: String) throws {
    let files = try FileHost(memory: 256 << 20)
    let path = textBytes("/proc/" + name)
    let attributes = try files.tree.attributes(of: path)
    #expect(attributes == FileAttributes(kind: .file, mode: 0o400, byteCount: 0))
    for (offset, length) in [(1, 8), (0, 7), (4, 4), (8, 1)] as [(UInt, UInt)] {
      #expect(throws: InterfaceError.invalid) {
        try files.tree.read(path, at: offset, count: length)
      }
    }
    #expect(try files.tree.read(path, at: 8 << 16, count: 8).isEmpty)
    #expect(try files.tree.read(path, at: (8 << 16) - 16, count: 80).count == 16)
    #expect(files.writing("1", "/proc/" + name) == "EACCES")
  }
}
