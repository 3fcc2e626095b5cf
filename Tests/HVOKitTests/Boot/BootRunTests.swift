// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `Booting a script` {
  /// What a boot left behind.
  private final class Sink {
    var output = ""
    var complaints: [String] = []
  }

  /// Boots scripts in an emulator that does what `body` says.
  private func boot(
    _ body: String, scripts: [String] = ["true\n"],
    _ change: (inout BootRequest) -> Void = { _ in },
    before: (FakeEmulator) throws -> Void = { _ in }
  ) throws -> (report: BootReport, sink: Sink, left: [String]) {
    let fake = try FakeEmulator(body)
    defer { fake.remove() }
    try before(fake)
    var request = BootRequest(kernelImage: fake.path("Kernel"))
    change(&request)
    var paths: [String] = []
    for (number, text) in scripts.enumerated() {
      paths.append(fake.path("script-\(number).hvo"))
      try Data(text.utf8).write(to: URL(fileURLWithPath: paths[number]))
    }
    let sink = Sink()
    var run = BootRun(request, in: fake.surroundings)
    let report = try run.run(
      paths,
      BootRun.Sinks(
        output: { sink.output += String(decoding: $0, as: UTF8.self) },
        complain: { sink.complaints.append($0) }))
    let left = try FileManager.default.contentsOfDirectory(atPath: fake.folder.path)
    return (report, sink, left)
  }

  @Test func `shows what the console shows, and leaves nothing behind`() throws {
    let boot = try boot("echo from the console; exit 33")
    #expect(boot.report.runs.map(\.verdict) == [.good])
    #expect(boot.report.exitCode == 0)
    #expect(boot.sink.output == "from the console\n")
    #expect(boot.report.runs[0].output == PrintedText(Array("from the console\n".utf8)))
    #expect(boot.sink.complaints.isEmpty)
    #expect(!boot.left.contains { $0.hasPrefix("hvo-boot-") })
  }

  @Test func `passes the script and its name on`() throws {
    let boot = try boot(
      """
      while [ $# -gt 0 ]; do
        case $1 in
          -initrd) cat "$2" ;;
          -append) echo "${2##*/}" ;;
        esac
        shift
      done
      exit 33
      """, scripts: ["echo one\n", ""])
    #expect(boot.sink.output == "echo one\nscript-0.hvo\n\nscript-1.hvo\n")
  }

  @Test(arguments: [
    (33, BootVerdict.good, 0), (35, .bad, 1), (37, .unusable, 2), (39, .failed, 3), (0, .lost, 3),
    (1, .lost, 3), (3, .lost, 3),
  ])
  func `has the verdict that the emulator ends with`(
    status: Int, verdict: BootVerdict, exitCode: Int32
  ) throws {
    let boot = try boot("exit \(status)")
    #expect(boot.report.runs.map(\.verdict) == [verdict])
    #expect(boot.report.exitCode == exitCode)
    #expect(boot.sink.complaints.isEmpty == (exitCode < 3))
  }

  @Test func `runs all scripts, and ends with the worst verdict`() throws {
    let boot = try boot(
      """
      case "$*" in *script-1*) echo bad; exit 35 ;; *script-2*) exit 37 ;; esac
      exit 33
      """, scripts: ["true\n", "true\n", "true\n", "true\n"])
    #expect(boot.report.runs.map(\.verdict) == [.good, .bad, .unusable, .good])
    #expect(boot.report.exitCode == 2)
  }

  @Test func `kills an emulator that takes too long, with all that it started`() throws {
    let begin = ContinuousClock.now
    let boot = try boot("trap '' TERM; echo begun; sleep 600; exit 33") { $0.seconds = "1" }
    #expect(begin.duration(to: .now) < .seconds(60))
    #expect(boot.report.runs.map(\.verdict) == [.timedOut])
    #expect(boot.report.exitCode == 3)
    #expect(boot.sink.output == "begun\n")
    #expect(boot.sink.complaints.count == 1)
    #expect(
      boot.sink.complaints.first?.hasSuffix(
        "the kernel did not end within 1 second; --seconds allows more") == true)
  }

  @Test func `tells which signal ended the emulator`() throws {
    let boot = try boot("kill -SEGV $$")
    #expect(boot.sink.complaints.first?.hasSuffix("QEMU was ended by signal 11") == true)
  }

  @Test func `says how the addresses of a kernel that failed get names`() throws {
    let boot = try boot("printf 'kernel: no\\r\\n  at 0x0000000000200100\\r\\n'; exit 39")
    #expect(boot.report.runs[0].backtrace == ["  at 0x0000000000200100"])
    #expect(boot.sink.complaints.first?.hasSuffix("the kernel failed") == true)
    #expect(boot.sink.complaints.last?.contains("./dev metal symbolise --arch x86_64") == true)
  }

  @Test func `has the checkout put names to addresses where that can be`() throws {
    let boot = try boot("echo '  at 0x0000000000200100'; exit 39") { request in
      request.kernelImage = nil
    } before: { fake in
      try fake.addProgram("llvm-symbolizer", "")
      try fake.addKernel("Metal/Package.swift")
      try fake.addKernel(".build/metal/x86_64/x86_64-unknown-none-elf/release/Kernel")
      try fake.addProgram("dev", "[ $2 = build ] || sed 's/^  at .*00100/Boot.place/'")
    }
    #expect(boot.sink.complaints.last == "Boot.place")
  }

  @Test func `is refused before anything runs if one of several cannot be read`() throws {
    #expect(throws: InputError.self) {
      try boot("echo ran; exit 33", scripts: ["true\n", "frobnicate\n"])
    }
  }
}

@Suite struct `Typing at a kernel` {
  /// What a program prints that reads what `relay` passes on.
  private func type(_ typed: String, to body: String) throws -> String {
    let fake = try FakeEmulator(body)
    defer { fake.remove() }
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data(typed.utf8))
    try pipe.fileHandleForWriting.close()
    let process = GuardedProcess(
      program: fake.path(BootArchitecture.x86.emulator), arguments: [],
      input: .relay(InputRelay(pipe.fileHandleForReading, isTerminal: false)))
    var output = ""
    let ending = try process.run(limit: .seconds(60)) {
      output += String(decoding: $0, as: UTF8.self)
    }
    #expect(ending == .exited(33))
    return output
  }

  @Test func `begins when the kernel has said something, and ends with Control-D`() throws {
    let output = try type(
      "echo 1\nlast",
      to: """
        sleep 0.3
        echo 'hvo>'
        read -r first; read -r second
        printf '%s,%s,' "$first" "$second"
        head -c 1 | od -An -tx1
        exit 33
        """)
    #expect(output == "hvo>\necho 1,last, 04\n")
  }

  @Test func `does no harm when nobody listens any more`() throws {
    let output = try type(String(repeating: "x", count: 60_000), to: "echo 'hvo>'; exit 33")
    #expect(output == "hvo>\n")
  }
}
