// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A copy of the package, whose sources may be changed and which is built apart.
struct PackageCopy {
  /// The package itself.
  let root: URL
  /// The folder with the copy, in `package`, and what is known about it.
  let folder: URL

  var package: URL { folder.appending(path: "package") }
  var logs: URL { folder.appending(path: "logs") }

  init(root: URL, name: String) throws {
    self.root = root
    folder = root.appending(path: ".build/\(name)")
    try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(at: package, withIntermediateDirectories: true)
  }

  /// What a build reads. A file that has not changed stays as it is, so that it is not built again.
  private static let parts = [
    "Package.swift", "Sources", "Tests", "Documentation", "Fuzzing/Corpus",
  ]

  /// What tests test is optimised, so that it runs quickly; they themselves are not, so that they are
  /// built quickly.
  private static let settings = """

    for target in package.targets where target.type == .test {
      target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Onone"])]
    }

    """

  /// Tests of the sources themselves, which the copy's would fail.
  private static let reader = "Tests/ConformanceTests/SeededBugTests.swift"

  /// Copies the package; `changed` stands in place of the files of these names.
  func update(changed: [String: String]) throws {
    var wanted: Set<String> = []
    for path in try Self.parts.flatMap({ try files(under: $0) }) + changed.keys
    where path != Self.reader && wanted.insert(path).inserted {
      if try copyLink(path) { continue }
      var content =
        if let text = changed[path] { Data(text.utf8) } else {
          try Data(contentsOf: root.appending(path: path))
        }
      if path == "Package.swift" { content.append(contentsOf: Self.settings.utf8) }
      let target = package.appending(path: path)
      if (try? Data(contentsOf: target)) == content { continue }
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: target)
    }
    for path in try Self.parts.flatMap({ try Self.files(under: $0, in: package) })
    where !wanted.contains(path) {
      try FileManager.default.removeItem(at: package.appending(path: path))
    }
  }

  /// Copies a symbolic link; false if the file is none.
  private func copyLink(_ path: String) throws -> Bool {
    let manager = FileManager.default
    guard let end = try? manager.destinationOfSymbolicLink(atPath: root.appending(path: path).path)
    else { return false }
    let target = package.appending(path: path).path
    if (try? manager.destinationOfSymbolicLink(atPath: target)) == end { return true }
    try manager.createDirectory(
      at: URL(filePath: target).deletingLastPathComponent(), withIntermediateDirectories: true)
    try manager.createSymbolicLink(atPath: target, withDestinationPath: end)
    return true
  }

  /// The files of a folder of the package, or the file itself.
  func files(under path: String) throws -> [String] { try Self.files(under: path, in: root) }

  private static func files(under path: String, in root: URL) throws -> [String] {
    let url = root.appending(path: path)
    if isFile(url) { return [path] }
    guard FileManager.default.fileExists(atPath: url.path) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
      .filter { isFile(url.appending(path: $0)) }.map { "\(path)/\($0)" }
  }

  private static func isFile(_ url: URL) -> Bool {
    let values = try? url.resourceValues(forKeys: [.isRegularFileKey, .isSymbolicLinkKey])
    return values?.isRegularFile == true || values?.isSymbolicLink == true
  }

  /// The Swift files of a folder of the package, as text.
  func sources(under path: String) throws -> [SourceText] {
    try files(under: path).filter { $0.hasSuffix(".swift") }.map {
      SourceText(path: $0, bytes: Array(try Data(contentsOf: root.appending(path: $0))))
    }
  }
}

/// The file of the copy that knows which fault is on. The product has none such.
enum MutantSwitch {
  static let path = "Sources/KernelMemory/Units/Mutant.swift"

  static func source(declarations: [String]) -> String {
    """
    import Glibc

    enum Mutant {
      static let chosen: Int =
        unsafe getenv("MUTANT").flatMap { unsafe Int(String(cString: $0)) } ?? 0
      @inline(__always) static func isOn(_ number: Int) -> Bool { chosen == number }
    }

    \(declarations.joined(separator: "\n"))
    """
  }
}

extension [Mutant] {
  /// The sources with all of these in them.
  func applied(to sources: [SourceText]) -> [String: String] {
    var changed = [
      MutantSwitch.path: MutantSwitch.source(
        declarations: compactMap { $0.mutation.declaration?($0.number) })
    ]
    for source in sources {
      let mutants = filter { $0.mutation.path == source.path }
      guard !mutants.isEmpty else { continue }
      var bytes = source.bytes
      for mutant in mutants.sorted(by: {
        $0.mutation.range.lowerBound > $1.mutation.range.lowerBound
      }) {
        bytes.replaceSubrange(
          mutant.mutation.range, with: mutant.mutation.replacement(mutant.number).utf8)
      }
      changed[source.path] = String(decoding: bytes, as: UTF8.self)
    }
    return changed
  }
}
