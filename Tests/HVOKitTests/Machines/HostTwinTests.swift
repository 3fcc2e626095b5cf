// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import Testing

@testable import HVOKit

@Suite struct `The twin of a host` {
  /// A directory with the files that a small host has.
  private func host(_ files: [String: String]) throws -> String {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-host-\(UUID().uuidString)")
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return root.path
  }

  private static let small = [
    "proc/meminfo":
      "MemTotal: 4000000 kB\nMemFree: 1000000 kB\nMemAvailable: 3000000 kB\nHugepagesize: 2048 kB\n",
    "proc/iomem": "00001000-0009fbff : System RAM\n00100000-bfffffff : System RAM\n"
      + "100000000-13fffffff : System RAM\n",
    "proc/sys/kernel/osrelease": "6.12.95-amd64\n",
    "proc/cpuinfo": "processor : 0\nflags : lm pdpe1gb\n",
    "proc/sys/vm/hugetlb_optimize_vmemmap": "0\n",
  ]

  @Test func `has free what the host could have free`() throws {
    let root = try host(Self.small)
    defer { try? FileManager.default.removeItem(atPath: root) }
    let blueprint = try TwinBuilder(MachineOptions(sysroot: root)).build()
    let twin = try Twin(blueprint.specification)
    let freeKiB = twin.subsystem.totals.freePageCount * 4
    #expect((2_980_000...3_000_000).contains(freeKiB))
    #expect("\(twin.subsystem.kernel.name)" == "6.12")
  }

  @Test func `has the host's pools to give away too`() throws {
    var files = Self.small
    files["proc/meminfo"] =
      "MemTotal: 4000000 kB\nMemFree: 900000 kB\nMemAvailable: 900000 kB\n"
      + "HugePages_Total: 1024\nHugePages_Free: 1024\nHugepagesize: 2048 kB\nHugetlb: 2097152 kB\n"
    let root = try host(files)
    defer { try? FileManager.default.removeItem(atPath: root) }
    let twin = try Twin(try TwinBuilder(MachineOptions(sysroot: root)).build().specification)
    #expect((2_970_000...2_997_152).contains(twin.subsystem.totals.freePageCount * 4))
  }

  @Test func `survives a host that contradicts itself`() throws {
    var files = Self.small
    files["proc/meminfo"] = "MemTotal: 4000000 kB\nMemAvailable: 18446744073709551615 kB\n"
    let root = try host(files)
    defer { try? FileManager.default.removeItem(atPath: root) }
    _ = try Twin(try TwinBuilder(MachineOptions(sysroot: root)).build().specification)
  }
}
