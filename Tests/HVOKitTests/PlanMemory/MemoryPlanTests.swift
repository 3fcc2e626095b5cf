// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

private func plan(
  _ wish: MemoryWishOptions, memory: String = "4G", kernel: String = "7.2",
  architecture: String? = nil
) throws -> MemoryPlanReport {
  try MemoryPlanRunner(
    MachineOptions(memory: memory, architecture: architecture, kernel: kernel), wish
  ).run()
}

@Suite struct `A plan of memory plugged in` {
  @Test func `puts descriptors into ordinary memory, and counts them`() throws {
    let result = try #require(plan(MemoryWishOptions(hotAdd: "1G")).result)
    #expect(result.descriptors.mappedPages == 4096)
    #expect(result.descriptors.privatePages == 4096 && result.descriptors.sharedPages == 0)
    #expect(result.descriptors.frames == 4096)
    #expect(result.places.map(\.kind) == ["node"])
    #expect(result.places.first?.node == 0 && result.places.first?.bytes == 16 << 20)
    #expect(result.usableBytes == 1 << 30)
    let gain = 1 << 30 - 16 << 20
    #expect(result.freeBytesChange == gain - Int(result.tableBytes))
  }

  @Test(arguments: ["6.12", "7.2", "unified"])
  func `puts descriptors onto the memory itself if asked`(kernel: String) throws {
    let report = try plan(MemoryWishOptions(hotAdd: "1G", memmapOnMemory: true), kernel: kernel)
    let result = try #require(report.result)
    #expect(result.places.map(\.kind) == ["itself"])
    #expect(result.places.first?.blocks == 8 && result.places.first?.bytes == 16 << 20)
    // 126 MiB of each block.
    #expect(result.usableBytes == 8 * 126 << 20)
    #expect(result.remarks.contains { $0.contains("cannot be optimised") })
    #expect(result.departures.allSatisfy { $0.succeeded == $0.blocks })
  }

  @Test func `says why memory does not hold its own descriptors`() throws {
    let many = try plan(MemoryWishOptions(hotAdd: "1G", memmapOnMemory: true), kernel: "6.1")
    #expect(many.result?.places.map(\.kind) == ["node"])
    #expect(many.result?.remarks.first?.contains("exactly one block (128 MiB)") == true)
    let one = try plan(MemoryWishOptions(hotAdd: "128M", memmapOnMemory: true), kernel: "6.1")
    #expect(one.result?.places.map(\.kind) == ["itself"])
    let arm = try plan(
      MemoryWishOptions(hotAdd: "1G", memmapOnMemory: true), architecture: "arm64-64k")
    #expect(arm.result?.places.map(\.kind) == ["node"])
    #expect(arm.result?.remarks.first?.contains("force") == false)
  }

  @Test func `tries what can go offline, before and after`() throws {
    let result = try #require(plan(MemoryWishOptions(hotAdd: "2G"), memory: "8G").result)
    #expect(result.departures.count == 4)
    let holders = try #require(result.departures.first)
    #expect(holders.blocks > 0 && holders.succeeded == 0 && holders.errors == ["EBUSY"])
    #expect(holders.possibleBefore != nil)
    #expect(result.departures.dropFirst().allSatisfy { $0.succeeded == $0.blocks })
    #expect(result.departures[1].blocks == 16)
  }

  @Test func `shows that a block may stay for what the kernel keeps on a new node`() throws {
    let report = try plan(MemoryWishOptions(hotAdd: "1G@2"))
    let result = try #require(report.result)
    #expect(report.asked.node == 2)
    let (leaving, removal, movable) = (
      result.departures[1], result.departures[2], result.departures[3]
    )
    #expect(leaving.blocks == 8 && leaving.succeeded == 7 && leaving.errors == ["EBUSY"])
    #expect(removal.succeeded == 0)
    #expect(movable.succeeded == 8)
    #expect(result.remarks.contains { $0.contains("1 added block could not go offline") })
    // Before there were nodes with frames of their own, nothing stayed.
    let old = try #require(plan(MemoryWishOptions(hotAdd: "1G@2"), kernel: "6.12").result)
    #expect(old.departures.dropFirst().allSatisfy { $0.succeeded == $0.blocks })
  }

  @Test func `gives descriptors to the node that has the memory`() throws {
    let result = try #require(plan(MemoryWishOptions(hotAdd: "1G@1"), memory: "4G,4G").result)
    #expect(result.places.map(\.node) == [1])
  }

  @Test func `says that it cannot be done, and why`() throws {
    let report = try plan(MemoryWishOptions(hotAdd: "64G"), memory: "128M")
    #expect(report.result == nil)
    #expect(report.refusal?.hasPrefix("ENOMEM") == true)
    #expect(report.text(.plain).contains { $0.contains("cannot be done") })
    let own = try plan(MemoryWishOptions(hotAdd: "64G", memmapOnMemory: true), memory: "128M")
    #expect(try #require(own.result).usableBytes == 512 * 126 << 20)
  }

  @Test(arguments: ["3M", "64M", "63T"])
  func `is refused where the size does not fit the machine`(size: String) {
    #expect(throws: InputError.self) {
      try plan(MemoryWishOptions(hotAdd: size), memory: "2T")
    }
  }
}

@Suite struct `A plan of a device` {
  /// Kernel, alignment, frames of descriptors of 2 GiB.
  private static let figures: [(String, String, UInt)] = [
    ("unified", "2M", 1024), ("unified", "1G", 2), ("unified", "4K", 8192), ("7.2", "2M", 2048),
    ("7.2", "1G", 4), ("7.2", "4K", 8192), ("5.14", "2M", 8192),
  ]

  @Test(arguments: figures)
  func `costs as many frames as the design takes`(
    kernel: String, align: String, frames: UInt
  ) throws {
    let report = try plan(MemoryWishOptions(dax: "2G", align: align), kernel: kernel)
    let result = try #require(report.result)
    #expect(result.descriptors.mappedPages == 8192)
    // The unified tail page is one for the whole zone.
    let tails: UInt = kernel == "unified" && align != "4K" ? 1 : 0
    #expect(result.descriptors.frames == frames + tails)
    #expect(result.freeBytesChange == -Int(frames + tails) * 4096 - Int(result.tableBytes))
    #expect(result.usableBytes == 2 << 30)
    #expect(result.places.reduce(0) { $0 + $1.bytes } == result.descriptors.frames * 4096)
    #expect((result.descriptors.readOnlyPages > 0) == (tails == 1))
  }

  @Test(arguments: ["6.1", "7.2", "unified"])
  func `takes nothing but the device's own memory with descriptors there`(kernel: String) throws {
    let report = try plan(MemoryWishOptions(dax: "2G", map: "dev"), kernel: kernel)
    let result = try #require(report.result)
    #expect(result.places.map(\.kind) == ["itself"])
    #expect(result.descriptors.frames == 8192)
    // 8 KiB of labels and 32 MiB of descriptors, up to the next 2 MiB.
    #expect(result.usableBytes == (2 << 30) - (34 << 20))
    #expect(result.freeBytesChange == -Int(result.tableBytes))
    #expect(result.departures.isEmpty)
  }

  @Test func `can lie where the user says, but not in ordinary memory`() throws {
    let report = try plan(MemoryWishOptions(dax: "240000000-2bfffffff", align: "1G"))
    #expect(report.asked.startAddress == 0x2_4000_0000)
    #expect(report.result != nil)
    #expect(throws: InputError.self) { try plan(MemoryWishOptions(dax: "40000000+1G")) }
  }

  @Test func `has pages that the architecture has`() throws {
    #expect(throws: InputError.self) {
      try plan(MemoryWishOptions(dax: "2G", align: "4K"), architecture: "arm64-64k")
    }
    #expect(throws: InputError.self) { try plan(MemoryWishOptions(dax: "2G", align: "64K")) }
    let report = try plan(MemoryWishOptions(dax: "2G", align: "64K"), architecture: "arm64-64k")
    #expect(report.result?.descriptors.frames == 32)
  }
}

@Suite struct `A plan of memory to be added` {
  private static let wishes: [MemoryWishOptions] = [
    MemoryWishOptions(hotAdd: "1G"), MemoryWishOptions(hotAdd: "1G@7", memmapOnMemory: true),
    MemoryWishOptions(dax: "2G"), MemoryWishOptions(dax: "2G", map: "dev"),
  ]

  @Test(arguments: wishes)
  func `is plain text for 80 columns, and JSON that can be read back`(
    wish: MemoryWishOptions
  ) throws {
    let report = try plan(wish, memory: "2G,2G")
    #expect(report.text(.plain).filter { $0.contains("\u{1B}") || $0.count > 79 } == [])
    let text = try JSONText.text(of: report)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(MemoryPlanReport.self, from: Data(text.utf8)) == report)
  }

  @Test(arguments: [
    "x86_64-la57", "arm64-4k", "arm64-16k", "arm64-64k", "riscv64-sv48", "powerpc64-4k",
    "powerpc64-64k",
  ])
  func `is answered on other architectures`(architecture: String) throws {
    let added = try plan(MemoryWishOptions(hotAdd: "2G"), architecture: architecture)
    #expect(added.result?.usableBytes == 2 << 30)
    let device = try plan(
      MemoryWishOptions(dax: "2G", align: architecture.hasSuffix("-4k") ? "4K" : nil),
      architecture: architecture)
    #expect(device.result?.usableBytes == 2 << 30)
  }
}
