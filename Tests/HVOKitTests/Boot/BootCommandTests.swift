// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@Suite struct `The built command as it boots` {
  /// Starts `hvo boot` with a program in the place of QEMU.
  private func start(_ arguments: [String], _ fake: FakeEmulator) throws -> Process {
    let process = Process()
    let path = try #require(BuiltCommand.path, "swift build makes the command")
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["boot", "--kernel-image", fake.path("Kernel")] + arguments
    process.environment = [
      "PATH": "\(fake.folder.path):/usr/bin:/bin", "TMPDIR": fake.folder.path,
    ]
    process.currentDirectoryURL = fake.folder
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return process
  }

  @Test func `ends with 3 where the kernel failed, and prints one JSON object with --json`() throws
  {
    let fake = try FakeEmulator("echo 'kernel: no'; exit 39")
    defer { fake.remove() }
    try Data("true\n".utf8).write(to: fake.folder.appendingPathComponent("a.hvo"))
    let output = Pipe()
    let process = try start(["a.hvo", "--json"], fake)
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 3)
    let object = try JSONSerialization.jsonObject(with: text) as? [String: Any]
    #expect(object?["schema"] as? String == "hvo.boot")
    let run = try #require((object?["runs"] as? [[String: Any]])?.first)
    #expect(run["script"] as? String == "a.hvo")
    #expect(run["verdict"] as? String == "failed")
    #expect(run["output"] as? String == "kernel: no\n")
  }

  /// Of this signal nobody can hear; others may be blocked in the threads that run tests.
  @Test func `takes QEMU with it, whatever ends it`() async throws {
    let fake = try FakeEmulator(
      "trap '' INT TERM HUP; while :; do echo >> beats; sleep 0.05; done")
    defer { fake.remove() }
    let process = try start([], fake)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    func beats() -> Int { fake.text("beats")?.utf8.count ?? 0 }
    for _ in 0..<1200 where beats() < 3 { try await Task.sleep(for: .milliseconds(50)) }
    #expect(beats() >= 3)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == SIGKILL)
    // It falls silent.
    var before = -1
    for _ in 0..<100 where before != beats() {
      before = beats()
      try await Task.sleep(for: .milliseconds(500))
    }
    #expect(before == beats())
  }
}
