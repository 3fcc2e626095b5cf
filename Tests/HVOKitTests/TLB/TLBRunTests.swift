// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `A table in a vmalloc area` {
  @Test(arguments: ["5.14", "6.1", "6.12", "7.2", "unified"])
  func `is mapped with small pages, or with huge ones where there is room for one`(
    kernel: String
  ) throws {
    let twin = try TableTwin(architecture: "x86_64", kernel: kernel, tableByteCount: 8 << 20)
    let small = try twin.table(8 << 20, .small)
    #expect(small.pages.count == 2048)
    #expect(small.pages.allSatisfy { $0.leafByteCount == 4096 })
    let huge = try twin.table(8 << 20, .huge)
    #expect(huge.pages.allSatisfy { $0.leafByteCount == 2 << 20 })
    #expect(huge.start % (2 << 20) == 0)
    let reaches = huge.reaches(coalescedPageCount: 1, hostPageByteCount: nil)
    #expect(huge.entryCount(reaches) == 4)
    #expect(try twin.table(1 << 20, .huge).pages.allSatisfy { $0.leafByteCount == 4096 })
  }

  @Test func `is the same however often it is looked at`() throws {
    let twin = try TableTwin(architecture: "arm64-4k", kernel: "7.2", tableByteCount: 8 << 20)
    let first = try twin.table(8 << 20, .small)
    let reaches = first.reaches(coalescedPageCount: 4, hostPageByteCount: nil)
    #expect(first.entryCount(reaches) == 512)
    let second = try twin.table(8 << 20, .small)
    #expect(
      second.entryCount(second.reaches(coalescedPageCount: 4, hostPageByteCount: nil)) == 512)
  }

  private func table(_ frames: [UInt], start: UInt = 0) -> MappedTable {
    MappedTable(
      start: start, pageByteCount: 4096,
      pages: frames.map { .init(leafByteCount: 4096, physicalAddress: $0 * 4096) })
  }

  @Test func `merges pages only in aligned groups that lie together`() {
    func count(_ table: MappedTable, host: UInt? = nil) -> Int {
      table.entryCount(table.reaches(coalescedPageCount: 4, hostPageByteCount: host))
    }
    #expect(count(table([8, 9, 10, 11, 12, 13, 14, 15])) == 2)
    #expect(count(table([8, 9, 10, 11, 12, 13, 15, 14])) == 5)
    #expect(count(table([9, 10, 11, 12])) == 4)
    #expect(count(table([8, 9, 10, 11], start: 4096)) == 4)
    #expect(count(table([7, 8, 9, 10, 11], start: 3 * 4096)) == 2)
    #expect(count(table([8, 9, 10])) == 3)
    #expect(count(table([8, 9, 10, 11]), host: 4096) == 4)
    #expect(count(table([8, 9, 10, 11]), host: 2 << 20) == 1)
  }

  @Test func `is translated in no larger parts than the host's pages`() {
    let pages = (0..<UInt(512)).map {
      MappedTable.Page(leafByteCount: 2 << 20, physicalAddress: $0 * 4096)
    }
    let table = MappedTable(start: 2 << 20, pageByteCount: 4096, pages: pages)
    for (host, count) in [(nil, 1), (1 << 30, 1), (2 << 20, 1), (4096, 512)] as [(UInt?, Int)] {
      for coalesced in [UInt(1), 4] {
        let reaches = table.reaches(coalescedPageCount: coalesced, hostPageByteCount: host)
        #expect(table.entryCount(reaches) == count)
      }
    }
  }
}

@Suite struct `Counting page walks` {
  private func report(_ options: TLBOptions) throws -> TLBReport {
    try TLBRun(options).run(varyingSize: false)
  }

  private func random(_ cpu: String, coalesces: Bool = false) throws -> TLBReport.Count {
    try report(
      TLBOptions(cpu: cpu, workload: "random", lookups: "200000", coalesces: coalesces)
    ).small
  }

  /// Walks that are due to the start, when nothing is known.
  private static let cold = 2048.0 / 200_000

  @Test(arguments: [("skylake", 0.25), ("neoverse-n1", 0.375), ("zen1", 0.25), ("haswell", 0.5)])
  func `misses what the second level has no room for`(cpu: String, share: Double) throws {
    let count = try random(cpu)
    #expect(count.translations == 2048)
    #expect(abs(count.tableMissRate - share) < Self.cold)
  }

  @Test(arguments: [("zen2", 0.012), ("zen3", 0.012), ("zen4", 0), ("neoverse-v1", 0.012)])
  func `misses little where there is room for all`(cpu: String, conflicts: Double) throws {
    #expect(try random(cpu).tableMissRate <= Self.cold + conflicts)
  }

  @Test func `needs a quarter of the entries where pages are merged`() throws {
    let count = try random("neoverse-n1", coalesces: true)
    #expect(count.translations == 512)
    #expect(count.walks == 512)
  }

  @Test(arguments: TLBGeometry.all.map(\.name))
  func `never needs more with larger pages, and four for 8 MiB in huge ones`(cpu: String) throws {
    for workload in ["random", "stride"] {
      let report = try report(TLBOptions(cpu: cpu, workload: workload, lookups: "20000"))
      #expect(report.huge.translations == 4)
      #expect(report.huge.walks == 4)
      #expect(report.small.walks >= report.huge.walks)
      #expect(report.small.reads == 20_000 && report.huge.reads == 20_000)
    }
  }

  @Test func `comes round a stride in no less time than the pages are many`() throws {
    let twice = TLBOptions(cpu: "zen4", workload: "stride", lookups: "4096")
    #expect(try report(twice).small.walks == 2048)
    // A ring of more pages than there are entries defeats whoever forgets the oldest.
    let ring = TLBOptions(cpu: "skylake", workload: "stride", lookups: "4096")
    #expect(try report(ring).small.walks == 4096)
  }

  @Test func `gains nothing from huge pages that a host maps with small ones`() throws {
    func guest(_ pages: String) throws -> TLBReport {
      try report(
        TLBOptions(
          cpu: "kabylake", workload: "random", lookups: "20000", isGuest: true, hostPages: pages))
    }
    let small = try guest("4K")
    #expect(small.small == small.huge)
    #expect(small.ratio == 1)
    #expect(try guest("2M").huge.walks == 4)
    #expect(try guest("1G").huge.walks == 4)
  }

  // The published figures: 45,000 misses with small pages, 8,000 with huge ones.

  @Test func `the dentry hash of git diff has its share of the published misses`() throws {
    let report = try report(
      TLBOptions(cpu: "kabylake", workload: "dentry-hash", isGuest: true))
    let goneAway = Double(report.small.walks) - Double(report.huge.walks)
    #expect((37_000 / 1.5...37_000 * 1.5).contains(goneAway), "\(goneAway)")
    #expect((8_000 / 1.5...8_000 * 1.5).contains(Double(report.huge.walks)))
    #expect(report.huge.tableWalks == 4 * report.threads)
  }

  @Test func `a seed decides all`() throws {
    func count(_ seed: String) throws -> UInt {
      try report(
        TLBOptions(cpu: "skylake", workload: "dentry-hash", lookups: "6000", seed: seed)
      ).small.walks
    }
    #expect(try count("1") == count("1"))
    #expect(try count("1") != count("2"))
  }

  @Test func `tries tables of other sizes, and loses less with smaller ones`() throws {
    let options = TLBOptions(cpu: "skylake", workload: "random", table: "2M", lookups: "4000")
    let report = try TLBRun(options).run()
    let sizes = report.sizes.map { $0.tableBytes >> 10 }
    #expect(sizes == [256, 512, 1024, 1536, 2048, 3072, 4096, 8192, 16384])
    #expect(
      zip(report.sizes, report.sizes.dropFirst()).allSatisfy { $0.smallWalks <= $1.smallWalks })
    #expect(report.sizes.first { $0.tableBytes == 2 << 20 }?.smallWalks == report.small.walks)
    #expect(report.text(.plain).allSatisfy { $0.count <= 79 })
  }

  @Test func `is plain text and JSON that can be read back`() throws {
    let report = try report(TLBOptions(cpu: "zen4", workload: "random", lookups: "10"))
    #expect(report.text(.plain).allSatisfy { !$0.contains("\u{1B}") && $0.count <= 79 })
    let text = try JSONText.text(of: report)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(TLBReport.self, from: Data(text.utf8)) == report)
  }
}

@Suite struct `A trace of offsets` {
  private func offsets(_ text: String) throws -> [UInt] {
    try OffsetTrace.offsets(in: Array(text.utf8), name: "trace")
  }

  @Test func `has a number in each line, and comments`() throws {
    #expect(try offsets("0\n 4096\t\r\n\n# all\n0x1000 # one\n0XfF") == [0, 4096, 4096, 255])
  }

  @Test(arguments: [
    "", "#\n", "x", "-1", "+1", "0x", "0x-1", "1 2", "1,2", "4K", "1.5", "0xg", "１",
    "99999999999999999999", "0x10000000000000000",
  ])
  func `is refused for anything else`(text: String) {
    #expect(throws: InputError.self) { try offsets(text) }
  }

  @Test func `is refused with the number of the line`() {
    #expect(throws: InputError.self) { try offsets("1\n\nfrob\n") }
    do {
      _ = try offsets("1\n\nfrob\n")
    } catch {
      #expect("\(error)".hasPrefix("trace: line 3: 'frob' is no offset"))
    }
  }

  @Test func `is counted as it stands`() throws {
    let folder = FileManager.default.temporaryDirectory
    let file = folder.appendingPathComponent("trace-\(UUID().uuidString)")
    try Data("0\n8\n4096\n0x1ff8\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let options = TLBOptions(cpu: "zen1", workload: file.path, table: "8K")
    let report = try TLBRun(options).run()
    #expect(report.small.reads == 4 && report.small.walks == 2)
    #expect(report.lookups == 4 && report.sizes.isEmpty)
    #expect(throws: InputError.self) {
      try TLBRun(TLBOptions(cpu: "zen1", workload: file.path, table: "4K"))
    }
    #expect(throws: InputError.self) {
      try TLBRun(TLBOptions(cpu: "zen1", workload: file.path, lookups: "4"))
    }
  }
}

@Suite struct `Bad options of the TLB model` {
  private static let bad: [TLBOptions] = [
    TLBOptions(cpu: "frob", workload: "random"), TLBOptions(cpu: "zen1", workload: "frob"),
    TLBOptions(cpu: "zen1", workload: ""), TLBOptions(cpu: "zen1", workload: "/"),
    TLBOptions(cpu: "zen1", workload: "random", table: "0"),
    TLBOptions(cpu: "zen1", workload: "random", table: "x"),
    TLBOptions(cpu: "zen1", workload: "random", table: "5000"),
    TLBOptions(cpu: "zen1", workload: "random", table: "8G"),
    TLBOptions(cpu: "zen1", workload: "random", table: "99999999T"),
    TLBOptions(cpu: "zen1", workload: "random", lookups: "0"),
    TLBOptions(cpu: "zen1", workload: "random", lookups: "-1"),
    TLBOptions(cpu: "zen1", workload: "random", lookups: "10000001"),
    TLBOptions(cpu: "zen1", workload: "random", hostPages: "2M"),
    TLBOptions(cpu: "zen1", workload: "random", isGuest: true, hostPages: "3M"),
    TLBOptions(cpu: "zen1", workload: "random", isGuest: true, hostPages: ""),
    TLBOptions(cpu: "kabylake", workload: "random", coalesces: true),
    TLBOptions(cpu: "zen1", workload: "random", threads: "2"),
    TLBOptions(cpu: "zen1", workload: "dentry-hash", threads: "0"),
    TLBOptions(cpu: "zen1", workload: "dentry-hash", threads: "3"),
    TLBOptions(cpu: "neoverse-n1", workload: "dentry-hash", threads: "2"),
    TLBOptions(cpu: "zen1", workload: "dentry-hash", threads: "two"),
    TLBOptions(cpu: "zen1", workload: "random", seed: "x"),
    TLBOptions(cpu: "zen1", workload: "random", seed: "99999999999999999999"),
  ]

  @Test(arguments: bad)
  func `are refused`(options: TLBOptions) {
    #expect(throws: InputError.self) { try TLBRun(options) }
  }

  @Test func `name the kernels that there are`() throws {
    let run = try TLBRun(TLBOptions(cpu: "zen1", workload: "random", kernel: "5"))
    #expect(throws: InputError.self) { try run.run() }
  }
}
