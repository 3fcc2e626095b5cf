// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

/// A copy of a kept host that can be damaged file by file.
private final class DamagedHost {
  let root: URL
  /// The files, one of each kind: of `memory0`, `memory1`, … the first.
  let files: [String]

  init(_ name: String) throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("LinuxHostTests/Fixtures")
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-damaged-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: fixtures.appendingPathComponent(name), to: root)
    var kinds: Set<String> = []
    let paths = (FileManager.default.enumerator(atPath: root.path)?.allObjects ?? [])
      .compactMap { $0 as? String }.sorted()
    let base = root
    files = paths.filter { path in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: base.appendingPathComponent(path).path)
      return attributes?[.type] as? FileAttributeType == .typeRegular
        && kinds.insert(path.replacing(/[0-9]+/, with: "N")).inserted
    }
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  func url(_ file: String) -> URL { root.appendingPathComponent(file) }

  /// Puts something else in the place of `file` while `body` runs.
  func replacing(_ file: String, _ replace: (URL) throws -> Void, _ body: () -> Void) throws {
    let (url, kept) = (url(file), root.appendingPathComponent("kept"))
    try FileManager.default.moveItem(at: url, to: kept)
    try replace(url)
    body()
    try? FileManager.default.removeItem(at: url)
    try FileManager.default.moveItem(at: kept, to: url)
  }
}

@Suite struct `A sysroot with a damaged file` {
  private static let hosts = ["memoryless-node", "laptop-without-root"]

  /// Lays out a twin of the host below `root`, and boots it if its memory is new in `seen`.
  private func use(_ root: URL, _ what: String, _ seen: inout Set<String>) {
    do {
      let blueprint = try TwinBuilder(MachineOptions(sysroot: root.path)).build()
      for note in blueprint.specification.notes {
        #expect(note.isHarmless, "\(what): \(note.debugDescription)")
      }
      let memory = "\(blueprint.specification.configuration.memoryMap.usableByteCount >> 30)"
      guard seen.insert(memory).inserted else { return }
      _ = try Twin(blueprint.specification)
    } catch {
      let text = "\(error)"
      #expect(!text.isEmpty && text.isHarmless && text.count < 600, "\(what): \(text)")
    }
  }

  @Test(arguments: hosts)
  func `is a host with notes or a clear error`(name: String) throws {
    let host = try DamagedHost(name)
    var seen: Set<String> = []
    use(host.root, "as it is", &seen)
    for (index, file) in host.files.enumerated() {
      let text = String(decoding: try Data(contentsOf: host.url(file)), as: UTF8.self)
      let isTable = text.utf8.count > 100
      let seeds = isTable ? (0..<4).map { Damage.oneNumber(seed: $0) } : []
      // Each file suffers some of it, the next one another part.
      let blunt = Damage.blunt.indices.filter { $0 % 4 == index % 4 }
      for damage in blunt.map({ Damage.blunt[$0] }) + seeds {
        let bytes = Data(damage.apply(text))
        try host.replacing(file) {
          try bytes.write(to: $0)
        } _: {
          use(host.root, "\(file): \(damage)", &seen)
        }
      }
    }
  }

  @Test func `may have anything in the place of the file`() throws {
    let host = try DamagedHost("memoryless-node")
    var seen: Set<String> = []
    let manager = FileManager.default
    let replacements: [(String, (URL) throws -> Void)] = [
      ("missing", { _ in }),
      ("a directory", { try manager.createDirectory(at: $0, withIntermediateDirectories: false) }),
      (
        "a circle of links",
        { try manager.createSymbolicLink(atPath: $0.path, withDestinationPath: $0.path) }
      ),
      (
        "a dangling link",
        { try manager.createSymbolicLink(atPath: $0.path, withDestinationPath: "/nonexistent") }
      ),
      (
        "unreadable",
        {
          try Data("1\n".utf8).write(to: $0)
          try manager.setAttributes([.posixPermissions: 0], ofItemAtPath: $0.path)
        }
      ),
      (
        "a file without end",
        { try manager.createSymbolicLink(atPath: $0.path, withDestinationPath: "/dev/zero") }
      ),
    ]
    for file in host.files {
      // Sixteen mebibytes of zeros take their time; the files that are read as tables suffer most.
      let isLarge = ["meminfo", "iomem", "zoneinfo"].contains { file.hasSuffix($0) }
      for (what, replace) in replacements where isLarge || what != "a file without end" {
        try host.replacing(file, replace) { use(host.root, "\(file): \(what)", &seen) }
      }
    }
  }

  @Test func `gives a plan of what is left, with notes`() throws {
    let host = try DamagedHost("server-2-nodes")
    try Data("MemTotal: garbage\n".utf8).write(to: host.url("proc/meminfo"))
    let plan = try PlanRunner(MachineOptions(sysroot: host.root.path), pools: ["2M=8"]).run()
    #expect(plan.notes.contains { $0.contains("meminfo") })
    #expect(plan.cases.first?.total?.pools.first?.pages == 8)
  }

  @Test func `without any memory is an error that says what to do`() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-empty-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    let error = #expect(throws: InputError.self) {
      try TwinBuilder(MachineOptions(sysroot: root.path)).build()
    }
    #expect(error?.description.contains(root.path) == true)
    #expect(error?.description.contains("hvo snapshot") == true)
  }
}
