// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the compiler has against a copy of the core.
struct Compiler {
  let copy: PackageCopy

  struct Complaint: Hashable {
    let path: String
    let line: Int
    let text: String
  }

  /// Checks the core alone, with all that comes before the optimizer: that takes a fraction of a
  /// build.
  func complaints() throws -> [Complaint] {
    let files = try FileManager.default
      .subpathsOfDirectory(atPath: copy.package.appending(path: "Sources/KernelMemory").path)
      .filter { $0.hasSuffix(".swift") }.sorted().map { "Sources/KernelMemory/\($0)" }
    let log = copy.logs.appending(path: "check.log")
    let command = Command(
      program: "swiftc",
      arguments: [
        "-frontend", "-emit-sil", "-Onone", "-swift-version", "6", "-strict-memory-safety",
        "-enable-upcoming-feature", "InternalImportsByDefault", "-parse-as-library",
        "-module-name", "KernelMemory", "-suppress-warnings", "-o", "/dev/null",
      ] + files, folder: copy.package, log: log)
    let outcome = try command.run().outcome
    let text = try String(contentsOf: log, encoding: .utf8)
    let found = text.split(separator: "\n").compactMap { Self.complaint($0) }
    if outcome != .exited(0), found.isEmpty {
      throw Failure("the core of the copy does not compile:\n\(text.suffix(2000))")
    }
    return found
  }

  private static func complaint(_ line: Substring) -> Complaint? {
    let parts = line.split(separator: ":", maxSplits: 4)
    guard parts.count == 5, parts[0].hasSuffix(".swift"), let number = Int(parts[1]),
      parts[3] == " error"
    else { return nil }
    return Complaint(path: String(parts[0]), line: number, text: String(parts[4]))
  }
}

/// What a person must mend.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension [Mutant] {
  /// The ones that complaints are about: on the line, or else the closest in the file.
  func culprits(of complaints: [Compiler.Complaint]) -> [Mutant] {
    var found: [Int: Mutant] = [:]
    for complaint in complaints {
      let inFile = filter { $0.mutation.path == complaint.path }
      let distance = { (mutant: Mutant) in abs(mutant.mutation.line - complaint.line) }
      guard let closest = inFile.map(distance).min() else { continue }
      for mutant in inFile where distance(mutant) == closest { found[mutant.number] = mutant }
    }
    return found.values.sorted { $0.number < $1.number }
  }
}
