// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Runs lines as a shell would that is fed one after the other: a line that is not understood is
/// passed over, the others are run.
private struct LineFeeder {
  let files: FileHost
  let runner: ScriptRunner
  private(set) var problems: [ScriptProblem] = []
  private var sink = TextSink()

  init(_ files: FileHost) {
    self.files = files
    runner = ScriptRunner(files.tree)
  }

  mutating func feed(_ line: [UInt8]) {
    do throws(ScriptProblem) {
      guard case .command(let command) = try ScriptParser.parse(line[...]) else { return }
      let outcome = runner.run(command, line: 1, output: &sink)
      outcome.describe(to: &sink)
      sink.removeAll()
    } catch {
      problems.append(error)
    }
  }

  mutating func feed(_ line: String) { feed(Array(line.utf8)) }
}

@Suite struct `Bad input to scripts` {
  @Test(
    arguments: [
      ("echo 'never ends", .unclosedQuote), ("echo \"never ends", .unclosedQuote),
      ("echo 'a\"b' \"c'd", .unclosedQuote), ("cat \"/proc/meminfo'", .unclosedQuote),
      ("frobnicate /proc/meminfo", .unknownCommand), ("ECHO 1", .unknownCommand),
      ("\0", .unknownCommand), ("\u{FEFF}echo 1", .unknownCommand), ("écho 1", .unknownCommand),
      ("#@ Machine memory=1G", .unknownDirective), ("#@ check-not", .unknownDirective),
      ("#@machine memory=", .badSize), ("#@ machine memory=16E", .badSize),
      ("#@ machine memory=-1", .badSize), ("#@ machine memory=1Gjunk", .badSize),
      ("#@ machine memory=99999999999999999999999", .badSize),
      ("#@ machine nodes=18446744073709551615", .badNumber),
      ("#@ machine nodes=18446744073709551616", .badNumber), ("#@ machine nodes=2x", .badNumber),
      ("#@ machine cpus=0", .badNumber), ("#@ machine cpus=99999999999999999999", .badNumber),
      ("#@ machine memory-map=0-g:usable", .badMemoryMap),
      ("#@ machine memory-map=0-1000", .badMemoryMap), ("#@ machine memory-map=:::", .badMemoryMap),
      ("#@ machine memory-map=fffffffffffff000-ffffffffffffffff:usable", .badMemoryMap),
      ("#@ fail-allocation after -1", .badNumber), ("#@ fail-allocation after 1e3", .badNumber),
      ("#@ map-huge 18446744073709551616 2M touch", .badNumber),
      ("#@ map-huge 1 18446744073709551616 touch", .badSize),
      ("#@ map-huge 1 16E touch", .badSize), ("#@ cpu 18446744073709551615", .badNumber),
      ("#@ expect error EPERMISSIVE", .unknownErrorName), ("#@ expect error 22", .unknownErrorName),
      ("#@ expect saved-pages many", .badNumber), ("#@ expect field", .missingArgument),
      ("#@ dax-device", .missingArgument), ("#@ dax-device 4X", .badNumber),
      ("#@ dax-device 18446744073709551616", .badNumber), ("#@ dax-device -1", .badNumber),
      ("#@ dax-device 4G align=0", .badSize), ("#@ dax-device 4G align=2Q", .badSize),
      ("#@ dax-device 4G map=disk", .unexpectedArgument),
      ("#@ dax-device 4G colour=red", .unexpectedArgument),
      ("#@ dax-device 4G 2M", .unexpectedArgument), ("#@ pagemap", .missingArgument),
      ("#@ pagemap a generic", .missingArgument), ("#@ pagemap a generic 2G", .missingArgument),
      ("#@ pagemap a nonsense 2G 2M", .unexpectedArgument),
      ("#@ pagemap a generic 2G 0", .badSize), ("#@ pagemap a generic 2G -2M", .badSize),
      ("#@ pagemap a generic 2G 2M page=3M", .badSize),
      ("#@ pagemap a generic 2G 2M altmap=-1", .badSize),
      ("#@ pagemap a generic 0xffffffffffffffff 2M", .badSize),
      ("#@ pagemap a generic 2G 2M gaps=1", .unexpectedArgument),
      ("#@ unmap-pagemap", .missingArgument), ("#@ use-device-page", .missingArgument),
      ("#@ use-device-page here", .badNumber),
      ("#@ release-device-page 1 2 3 -", .unexpectedArgument),
    ] as [(String, ScriptProblem)])
  func `malformed lines are named, with what is wrong`(line: String, problem: ScriptProblem) {
    for text in ["true\n" + line, "true\n" + line + "\n", "true\n  " + line + "\t\ntrue"] {
      if line.hasPrefix("#@") && line.dropFirst(2).drop(while: { $0 == " " }).hasPrefix("machine") {
        #expect(throws: ScriptError(line: 1, problem: problem)) { try Script(textBytes(line)) }
      } else {
        #expect(throws: ScriptError(line: 2, problem: problem)) { try Script(textBytes(text)) }
      }
    }
  }

  @Test func `absurd numbers in commands change nothing`() throws {
    let files = try FileHost(memory: 256 << 20, commandLine: "hugepages=4")
    let before = try FileSnapshot(files.tree)
    var feeder = LineFeeder(files)
    for number in [
      "18446744073709551615", "9223372036854775808", "9223372036854775807", "4294967296", "4095",
    ] {
      feeder.feed("#@ cpu \(number)")
      feeder.feed("#@ map-huge \(number) 2M reserve as a")
      feeder.feed("#@ map-huge \(number) 2M touch as a")
      feeder.feed("#@ map-huge \(number) 2M noreserve-touch as a")
      feeder.feed("#@ map-huge \(number) 1G touch")
      feeder.feed("#@ map-huge 1 \(number) touch")
      feeder.feed("#@ dax-device \(number)")
      feeder.feed("#@ dax-device \(number) align=\(number) map=dev")
      feeder.feed("#@ pagemap a generic \(number) 2M")
      feeder.feed("#@ pagemap a generic 0 \(number)")
      feeder.feed("#@ pagemap a device-private 512M 2M page=\(number) altmap=\(number)")
      feeder.feed("#@ pagemap a coherent 512M 2M page=0x8000000000000000")
      feeder.feed("#@ use-device-page \(number)")
      feeder.feed("#@ release-device-page \(number)")
      feeder.feed("#@ expect saved-pages \(number)")
      feeder.feed("#@ fail-allocation after \(number)")
      feeder.feed("#@ fail-nothing")
      feeder.feed("sleep \(number)")
      feeder.feed("#@ unmap \(number)")
    }
    feeder.feed("#@ map-huge 0 2M touch as nothing")
    feeder.feed("#@ unmap nothing")
    #expect(try FileSnapshot(files.tree).differences(from: before) == [])
    #expect(files.host.complaints == [])
  }

  @Test(arguments: 1...2)
  func `random lines are run or refused`(seed: Int) throws {
    let words =
      [
        "#@", "#@ ", "echo ", "echo -n ", "printf ", "cat ", "ls ", "true", "sleep ", "expect ",
        "error ",
        "EINVAL", "none", "field ", "HugePages_Free ", "of ", "output ", "saved-pages ", "check",
        "map-huge ", "2M ", "1G ", "touch ", "reserve ", "noreserve-touch ", "as ", "vm1", "unmap ",
        "all", "cpu ", "fail-allocation ", "after ", "fail-base-pages", "fail-nothing", "0", "1",
        "3 ",
        "-1", "18446744073709551615 ", "> ", ">> ", "'", "\"", "\\", "\\0", "\\n", "%s", "%", "$",
        "|",
        "/proc/sys/vm/nr_hugepages ", "/proc/meminfo ", "/sys/devices/system/node/node0/compact ",
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages ", "/nothing ", "\0", "\n", "\r",
        "é",
        "/proc/sys/vm/min_free_kbytes ", "/proc/sys/vm/nr_overcommit_hugepages ", "8 ", " # ",
      ].map { Array($0.utf8) } + [[0xFF], [0x80, 0xC0]]
    let files = try FileHost(
      memory: 256 << 20, nodes: 2, kernel: .linux7_2, cpus: 2,
      commandLine: "hugetlb_free_vmemmap=on hugepages=4")
    var random = BootRandom(seed: UInt64(seed) &* 104_729)
    var feeder = LineFeeder(files)
    for round in 0..<800 {
      var line: [UInt8] = []
      for _ in 0..<random.below(9) { line += words[Int(random.below(UInt(words.count)))] }
      feeder.feed(line)
      if round % 400 == 399 { #expect(files.host.complaints == [], "seed \(seed), line \(round)") }
    }
    feeder.feed("#@ fail-nothing")
    feeder.feed("#@ unmap all")
    #expect(files.host.complaints == [])
    #expect(!feeder.problems.isEmpty)
  }

  @Test func `random bytes are refused or mean nothing`() {
    var random = BootRandom(seed: 99)
    for _ in 0..<1000 {
      let bytes = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
      _ = try? Script(bytes[...])
      _ = try? ScriptParser.parse(bytes[...])
      _ = try? ScriptParser.parse((Array("#@ ".utf8) + bytes)[...])
      _ = try? ScriptParser.parse((Array("#@ machine memory-map=".utf8) + bytes)[...])
    }
  }

  @Test func `very long lines are read in time`() throws {
    let files = try FileHost(memory: 256 << 20)
    let before = try FileSnapshot(files.tree)
    var feeder = LineFeeder(files)
    let long = Array(repeating: UInt8(ascii: "9"), count: 1 << 16)
    for start in [
      "echo ", "#", "#@ ", "#@ cpu ", "#@ machine memory=", "#@ machine nodes=", "#@ boot ",
      "#@ kernel ",
      "#@ expect ", "#@ expect error ", "#@ expect /proc/cmdline ", "#@ unmap ", "cat /", "ls ",
      "'", "\"",
      "echo 1 > /", "#@ map-huge ", "printf ", "printf '%s' ", "#@ machine memory-map=0-", "",
    ] {
      feeder.feed(Array(start.utf8) + long)
    }
    for line in ["echo 'x", "echo \"x", "echo \\"] {
      feeder.feed(Array(line.utf8) + Array(repeating: 0x20, count: 1 << 20))
    }
    feeder.feed(Array("echo -n ".utf8) + long + Array(" > /proc/sys/vm/nr_hugepages".utf8))
    feeder.feed(
      Array("echo -n ".utf8) + long + Array(" > ".utf8)
        + Array((poolPath(2048) + "nr_hugepages").utf8))
    #expect(try FileSnapshot(files.tree).differences(from: before) == [])
    var many: [UInt8] = []
    for _ in 0..<5000 { many += Array("true\n".utf8) }
    #expect(try Script(many[...]).lines.count == 5000)
  }

  @Test func `lines may end in any way`() throws {
    for end in ["\n", "\r\n", "", "\n\n\n", " \t\n"] {
      let script = try Script(textBytes("echo 1 > /x\(end)"))
      #expect(script.lines.map(\.command) == [.write(Array("1\n".utf8), to: Array("/x".utf8))])
    }
  }
}
