// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxHost
import SystemPackage
import Testing

@Suite struct `A snapshot` {
  /// Takes a snapshot of `root`, hands it over, and removes it.
  private func withSnapshot(
    of root: FilePath, _ body: (HostSnapshotReport) throws -> Void
  ) throws {
    let directory = Sysroot.freshPath()
    defer { try? FileManager.default.removeItem(atPath: directory.string) }
    try body(try HostSnapshot.write(to: directory, from: root))
  }

  @Test func `of this machine describes the same machine`() throws {
    try withSnapshot(of: "/") { report in
      let host = try HostReader(root: report.directory).read()
      #expect(host == report.description)
    }
  }

  @Test func `of this machine agrees with a plain reading in all that does not change`() throws {
    try withSnapshot(of: "/") { report in
      let host = try HostReader().read()
      #expect(report.description.architecture == host.architecture)
      #expect(report.description.pageSize == host.pageSize)
      #expect(report.description.memoryMap == host.memoryMap)
      #expect(report.description.nodes.map(\.memory) == host.nodes.map(\.memory))
      #expect(report.description.hvo == host.hvo)
      #expect(report.description.provenance == host.provenance)
    }
  }

  @Test(arguments: [
    "server-2-nodes", "laptop-without-root", "memoryless-node", "container", "arm64-64k", "garbage",
  ])
  func `of a copied host describes the same host`(name: String) throws {
    let sysroot = Sysroot(fixture: name)
    let host = try sysroot.read()
    try withSnapshot(of: sysroot.path) { report in
      #expect(report.description == host)
      let copy = try HostReader(root: report.directory).read()
      #expect(copy == host)
    }
  }

  @Test func `links each block to its node as sysfs does`() throws {
    let sysroot = Sysroot(fixture: "server-2-nodes")
    try withSnapshot(of: sysroot.path) { report in
      let link = report.directory.appending("sys/devices/system/memory/memory17/node1")
      let target = try FileManager.default.destinationOfSymbolicLink(atPath: link.string)
      #expect(target == "../../node/node1")
      #expect(FileManager.default.fileExists(atPath: link.appending("meminfo").string))
    }
  }

  @Test func `holds what the reader used and reports each file once`() throws {
    let sysroot = try Sysroot([
      "/proc/meminfo": meminfo(total: 1.gigabytes), "/proc/uptime": "1 1\n", "/etc/passwd": "x",
    ])
    var seen: [HostSnapshotProgress] = []
    let directory = Sysroot.freshPath()
    defer { try? FileManager.default.removeItem(atPath: directory.string) }
    let report = try HostSnapshot.write(to: directory, from: sysroot.path) { seen.append($0) }
    #expect(report.files == ["/hvo-host", "/proc/meminfo"])
    #expect(seen.map(\.path) == report.files)
    #expect(seen.map(\.writtenCount) == [1, 2])
    #expect(seen.allSatisfy { $0.totalCount == 2 })
    #expect(!FileManager.default.fileExists(atPath: directory.appending("etc").string))
  }

  @Test func `remembers which files the host refused`() throws {
    let sysroot = try Sysroot([
      "/proc/meminfo": meminfo(total: 1.gigabytes), "/hvo-host": "errno /proc/zoneinfo=13\n",
    ])
    try withSnapshot(of: sysroot.path) { report in
      #expect(report.unreadable.map(\.path) == ["/proc/zoneinfo"])
      #expect(report.unreadable.map(\.reason) == ["permission denied"])
      let host = try HostReader(root: report.directory).read()
      #expect(host.notes("permission denied", about: "/proc/zoneinfo"))
    }
  }

  @Test func `never writes into a directory that has something in it`() throws {
    let sysroot = try Sysroot(["/keep": "me"])
    #expect(throws: HostSnapshotError.notEmpty(sysroot.path.string)) {
      try HostSnapshot.write(to: sysroot.path)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: sysroot.path.string)
    #expect(names == ["keep"])
  }

  @Test func `cannot take the place of a file`() throws {
    let sysroot = try Sysroot(["/file": "x"])
    let file = sysroot.path.appending("file")
    #expect(throws: HostSnapshotError.cannotWrite(file.string, .notDirectory)) {
      try HostSnapshot.write(to: file)
    }
  }

  @Test func `of nothing is an error and leaves nothing`() throws {
    let sysroot = try Sysroot([:])
    let directory = Sysroot.freshPath()
    #expect(throws: HostSnapshotError.self) {
      try HostSnapshot.write(to: directory, from: sysroot.path)
    }
    #expect(!FileManager.default.fileExists(atPath: directory.string))
  }

  @Test func `survives being described as JSON`() throws {
    let host = try Sysroot(fixture: "server-2-nodes").read()
    let text = try JSONEncoder().encode(host)
    #expect(try JSONDecoder().decode(HostDescription.self, from: text) == host)
  }
}
