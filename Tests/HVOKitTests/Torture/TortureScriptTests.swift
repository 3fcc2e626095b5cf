// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `A torture as a script` {
  private func text(_ script: String, _ request: TortureRequest) throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("machine-\(UUID().uuidString).hvo").path
    try script.write(toFile: path, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try TortureScript(behind: path, request).text
  }

  @Test(arguments: ["random", "sweep"])
  func `stands behind the lines of the script that it is for`(what: String) throws {
    // The last line ends without a newline.
    let machine = "#@ machine memory=64M\n#@ boot hugetlb_free_vmemmap=on"
    let text = try text(machine, TortureRequest(steps: "5", what: what))
    #expect(text.hasPrefix(machine + "\n"))
    #expect(text.hasSuffix("#@ check"))
  }

  @Test func `has as many operations as were asked for`() throws {
    let text = try text("#@ machine memory=64M\n", TortureRequest(seed: "3", steps: "40"))
    let lines = text.split(separator: "\n").dropFirst()
    #expect(lines.count { !$0.hasPrefix("#@ expect") && $0 != "#@ check" } == 40)
  }

  @Test func `cannot have schedules, nor a machine that cannot be`() throws {
    #expect(throws: InputError("--script-for takes --what random or --what sweep")) {
      try text("#@ machine memory=64M\n", TortureRequest(what: "schedules"))
    }
    #expect(throws: InputError("--script-for takes a number of --steps, not a time")) {
      try text("#@ machine memory=64M\n", TortureRequest(time: "1m"))
    }
    #expect(throws: InputError.self) {
      try text("#@ machine memory=64M nodes=2000\n", TortureRequest())
    }
    #expect(throws: InputError.self) {
      try TortureScript(behind: "/no/such/script", TortureRequest())
    }
  }
}
