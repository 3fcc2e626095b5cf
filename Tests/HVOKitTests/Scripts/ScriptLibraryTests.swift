// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import Testing

@testable import HVOKit

/// The scripts in `Tests/Scripts`.
private enum ScriptLibrary {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Scripts")

  /// The names of the scripts, without their ending, in order.
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".hvo") }.map { String($0.dropLast(4)) }.sorted()
  }()

  static func path(_ name: String) -> String { "\(folder.path)/\(name).hvo" }

  static func file(_ name: String) throws -> ScriptFile { try ScriptFile(at: path(name)) }

  static func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  /// Every script on every kernel that it is for.
  static let cases: [Case] = names.flatMap { name in
    ((try? file(name))?.script.setup.kernels ?? .all).kernels.map {
      Case(script: name, kernel: "\($0.name)")
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let script: String
    let kernel: String

    var testDescription: String { "\(script) on \(kernel)" }
  }
}

@Suite struct `The scripts in Tests/Scripts` {
  @Test(arguments: ScriptLibrary.cases)
  private func `hold on every kernel that they are for`(item: ScriptLibrary.Case) throws {
    var complaints: [String] = []
    let sinks = ScriptRun.Sinks(
      output: { _ in }, compared: { _ in }, complain: { complaints.append($0) },
      progress: { _ in })
    let report = try ScriptRun(MachineOptions(kernel: item.kernel), checksInvariants: true)
      .run([ScriptLibrary.path(item.script)], sinks)
    #expect(report.isGood, "\(complaints.joined(separator: "\n"))")
    let lines = try #require(report.runs.first).lines
    #expect(lines.contains { $0.isExpectation && !$0.isSkipped }, "nothing is expected")
  }

  @Test func `are many`() { #expect(ScriptLibrary.names.count >= 40) }

  @Test(arguments: ScriptLibrary.names)
  func `begin with what they show and are short`(name: String) throws {
    let lines = try ScriptLibrary.text(name).split(
      separator: "\n", omittingEmptySubsequences: false)
    let comment = lines.prefix { $0.hasPrefix("# ") }
    #expect((1...4).contains(comment.count), "\(comment.count) lines of comment")
    #expect(lines.count <= 50, "\(lines.count) lines")
    #expect(lines.allSatisfy { $0.count <= 100 || $0.contains("memory-map=") })
  }

  @Test func `stand in the index, and nothing else does`() throws {
    let index = try String(
      contentsOf: ScriptLibrary.folder.appendingPathComponent("README.md"), encoding: .utf8)
    let named = index.matches(of: /\[([a-z0-9-]+)\]\(([a-z0-9-]+)\.hvo\)/).map {
      #expect($0.1 == $0.2)
      return String($0.1)
    }
    #expect(named.sorted() == ScriptLibrary.names)
  }
}
