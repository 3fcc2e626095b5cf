// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// The command on a line, or what is wrong with it.
private func command(_ line: String) -> Result<ScriptCommand?, ScriptProblem> {
  do throws(ScriptProblem) {
    guard case .command(let command) = try ScriptParser.parse(textBytes(line)) else {
      return .success(nil)
    }
    return .success(command)
  } catch {
    return .failure(error)
  }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func field(_ name: String, _ path: String) -> ScriptField {
  ScriptField(name: bytes(name), path: bytes(path))
}

@Suite struct `Lines of scripts` {
  @Test(arguments: ["", "   ", "\t\r", "# comment", "  #x", "#!/bin/sh", "#"])
  func `blank lines and comments say nothing`(line: String) {
    #expect(command(line) == .success(nil))
  }

  @Test(arguments: [
    ("echo 64 > /x", "64\n"), ("echo 64 >/x", "64\n"), ("echo 64>/y/../x", nil),
    ("> /x echo 1 2", "1 2\n"), ("echo '1  2' >> /x", "1  2\n"), ("echo -n 5 > /x", "5"),
    ("echo > /x", "\n"), ("echo '' > /x", "\n"), ("echo a\"b c\"'d' > /x", "ab cd\n"),
    ("echo \"a\\\"b\" > /x", "a\"b\n"), ("echo a\\ b > /x", "a b\n"), ("echo 1 > /x # no", "1\n"),
    ("echo a#b > /x", "a#b\n"), ("echo \"a\\nb\" > /x", "a\\nb\n"),
    ("printf 'online\\0' > /x", "online\0"), ("printf '%s\\n' 5 > /x", "5\n"),
    ("printf '%s,' 1 2 3 > /x", "1,2,3,"), ("printf '50%%\\t\\\\\\101' > /x", "50%\t\\A"),
    ("printf '\\q' > /x", "\\q"), ("printf '' > /x", ""), ("printf x a b > /x", "x"),
  ])
  func `texts are written`(line: String, text: String?) {
    guard let text else {
      #expect(command(line) == .failure(.unsupportedSyntax))
      return
    }
    #expect(command(line) == .success(.write(bytes(text), to: bytes("/x"))))
  }

  @Test func `texts without a path are printed`() {
    #expect(command("echo hello") == .success(.print(bytes("hello\n"))))
    #expect(command("printf hello") == .success(.print(bytes("hello"))))
    #expect(command("cat /a '/b c'") == .success(.show([bytes("/a"), bytes("/b c")])))
    #expect(command("ls /") == .success(.list([bytes("/")])))
    for line in ["true", ":", "sleep 1", "sync"] { #expect(command(line) == .success(.nothing)) }
  }

  @Test(
    arguments: [
      ("frobnicate", .unknownCommand), ("/bin/echo 1", .unknownCommand), ("'' x", .unknownCommand),
      ("echo 'x", .unclosedQuote), ("echo \"x", .unclosedQuote), ("echo \"x\\", .unclosedQuote),
      ("echo x\\", .unsupportedSyntax), ("echo $x", .unsupportedSyntax),
      ("echo \"$x\"", .unsupportedSyntax), ("echo `x`", .unsupportedSyntax),
      ("cat /x | wc", .unsupportedSyntax), ("true && true", .unsupportedSyntax),
      ("true; true", .unsupportedSyntax), ("cat < /x", .unsupportedSyntax),
      ("cat /sys/*/x", .unsupportedSyntax), ("cat /x?", .unsupportedSyntax),
      ("echo 3> /x", .unsupportedSyntax), ("echo 1 > /x > /y", .unsupportedSyntax),
      ("echo 1 > > /x", .unsupportedSyntax), ("> /x", .unsupportedSyntax),
      ("cat /x > /y", .unsupportedSyntax), ("cat -n /x", .unsupportedSyntax),
      ("echo -e x", .unsupportedSyntax), ("printf %x 5", .unsupportedSyntax),
      ("printf %", .unsupportedSyntax), ("echo 1 >", .missingArgument), ("cat", .missingArgument),
      ("ls", .missingArgument), ("printf", .missingArgument),
    ] as [(String, ScriptProblem)])
  func `what only a shell knows is refused`(line: String, problem: ScriptProblem) {
    #expect(command(line) == .failure(problem))
  }
}

@Suite struct `Directives of scripts` {
  @Test func `directives are read`() {
    let cases: [(String, ScriptCommand)] = [
      ("#@ fail-allocation after 3", .failAllocation(after: 3)),
      ("  #@fail-base-pages", .failBasePages(after: 0)), ("#@ fail-nothing", .failNothing),
      ("#@ fail-allocation after 3 then 0", .failAllocation(after: 3, then: 0)),
      ("#@ fail-base-pages after 9", .failBasePages(after: 9)),
      ("#@ poison 0x1000", .poison(4096)), ("#@ unpoison 2M", .unpoison(2 << 20)),
      (
        "#@ take-pages 7 as p",
        .takePages(PagesRequest(pageCount: 7, node: nil, isFixed: false, name: bytes("p")))
      ),
      (
        "#@ take-pages 7 fixed node 2 as p",
        .takePages(PagesRequest(pageCount: 7, node: NodeID(2), isFixed: true, name: bytes("p")))
      ),
      ("#@ release-pages p", .releasePages(bytes("p"))),
      ("#@ cpu 2", .useCPU(2)), ("#@ check", .check), ("#@ unmap all", .unmap(nil)),
      ("#@ unmap vm1", .unmap(bytes("vm1"))),
      (
        "#@ map-huge 4 2M touch as vm1",
        .mapHuge(
          HugeMapRequest(
            pageCount: 4, pageByteCount: 2 << 20, use: .touch, name: bytes("vm1")))
      ),
      (
        "#@ map-huge 1 1G reserve",
        .mapHuge(HugeMapRequest(pageCount: 1, pageByteCount: 1 << 30, use: .reserve, name: []))
      ),
      (
        "#@ map-huge 1 2097152 noreserve-touch",
        .mapHuge(
          HugeMapRequest(pageCount: 1, pageByteCount: 2 << 20, use: .touchUnreserved, name: []))
      ),
      ("#@ expect /x 1  2 ", .expect(.text(bytes("1  2"), of: bytes("/x")))),
      ("#@ expect /x", .expect(.text([], of: bytes("/x")))),
      ("#@ expect error EINVAL", .expect(.error(.invalid))),
      ("#@ expect error none", .expect(.error(nil))),
      ("#@ expect output # $x", .expect(.output(bytes("# $x")))),
      ("#@ expect saved-pages 447", .expect(.savedPages(447))),
      (
        "#@ expect field A(b) of /p 5 kB",
        .expect(.field(field("A(b)", "/p"), value: bytes("5 kB")))
      ),
      ("#@ remember A of /p", .remember(field("A", "/p"))),
      ("#@ expect change A of /p +7", .expect(.change(field("A", "/p"), by: 7))),
      ("#@ expect change A of /p -7", .expect(.change(field("A", "/p"), by: -7))),
      ("#@ expect change A of /p 0", .expect(.change(field("A", "/p"), by: 0))),
    ]
    for (line, expected) in cases { #expect(command(line) == .success(expected), "\(line)") }
  }

  @Test(
    arguments: [
      ("#@", .missingArgument), ("#@ frobnicate", .unknownDirective),
      ("#@ fail-allocation", .missingArgument),
      ("#@ fail-allocation before 3", .unexpectedArgument),
      ("#@ fail-allocation after", .missingArgument), ("#@ fail-allocation after x", .badNumber),
      ("#@ fail-allocation after 99999999999999999999", .badNumber),
      ("#@ fail-allocation after 3 else 4", .unexpectedArgument),
      ("#@ fail-allocation after 3 then", .missingArgument),
      ("#@ fail-base-pages now", .unexpectedArgument),
      ("#@ take-pages", .missingArgument), ("#@ take-pages 1", .missingArgument),
      ("#@ take-pages 1 loose as p", .unexpectedArgument),
      ("#@ take-pages 1 node 1024 as p", .badNumber), ("#@ release-pages", .missingArgument),
      ("#@ poison", .missingArgument), ("#@ poison here", .badNumber),
      ("#@ unpoison 1 2", .unexpectedArgument),
      ("#@ fail-nothing now", .unexpectedArgument), ("#@ cpu", .missingArgument),
      ("#@ cpu -1", .badNumber), ("#@ cpu 4096", .badNumber), ("#@ map-huge", .missingArgument),
      ("#@ map-huge 1", .missingArgument), ("#@ map-huge 1 2M", .missingArgument),
      ("#@ map-huge x 2M touch", .badNumber), ("#@ map-huge 1 2X touch", .badSize),
      ("#@ map-huge 1 0 touch", .badSize), ("#@ map-huge 1 99999E touch", .badSize),
      ("#@ map-huge 1 2M look", .unexpectedArgument),
      ("#@ map-huge 1 2M touch named x", .unexpectedArgument),
      ("#@ map-huge 1 2M touch as", .missingArgument),
      ("#@ map-huge 1 2M touch as x y", .unexpectedArgument), ("#@ unmap", .missingArgument),
      ("#@ expect", .missingArgument), ("#@ expect error", .missingArgument),
      ("#@ expect error EWHAT", .unknownErrorName), ("#@ expect nothing", .unexpectedArgument),
      ("#@ expect saved-pages", .missingArgument), ("#@ expect saved-pages -1", .badNumber),
      ("#@ expect saved-pages 1 2", .unexpectedArgument), ("#@ expect field A", .missingArgument),
      ("#@ expect field A of /p", .missingArgument),
      ("#@ expect field A in /p 5", .unexpectedArgument),
      ("#@ remember A", .missingArgument), ("#@ remember A in /p", .unexpectedArgument),
      ("#@ remember A of /p 5", .unexpectedArgument),
      ("#@ expect change A of /p", .missingArgument),
      ("#@ expect change A of /p +", .missingArgument),
      ("#@ expect change A of /p +-7", .badNumber), ("#@ expect change A of /p + 7", .badNumber),
      ("#@ expect change A of /p 99999999999999999999", .badNumber),
      ("#@ expect change A of /p +7 kB", .unexpectedArgument),
      ("#@ expect on", .missingArgument), ("#@ expect on 6.1", .missingArgument),
      ("#@ expect on 6.1, error none", .unknownKernel),
      ("#@ expect on 2.4 error none", .unknownKernel),
      ("#@ expect on 6.1 on 7.2 error none", .unexpectedArgument),
      ("#@ only", .missingArgument), ("#@ only on", .missingArgument),
      ("#@ only for 6.1", .unexpectedArgument), ("#@ only on 6.1 7.2", .unexpectedArgument),
      ("#@ only on 6.1,2.4", .unknownKernel), ("#@ kernel", .missingArgument),
      ("#@ kernel 2.4", .unknownKernel), ("#@ machine memory", .missingArgument),
      ("#@ machine memory=", .badSize), ("#@ machine memory=0", .badSize),
      ("#@ machine memory=65T", .badSize), ("#@ machine memory=1G2", .badSize),
      ("#@ machine nodes=0", .badNumber), ("#@ machine nodes=1025", .badNumber),
      ("#@ machine cpus=4097", .badNumber), ("#@ machine cpus=-1", .badNumber),
      ("#@ machine arch=vax", .unknownArchitecture), ("#@ machine colour=red", .unknownProperty),
      ("#@ machine memory-map=", .badMemoryMap),
      ("#@ machine memory-map=1-0:usable", .badMemoryMap),
      ("#@ machine memory-map=0-1000:reserved", .badMemoryMap),
      ("#@ machine memory-map=0-ffffffffffffffff:usable", .badMemoryMap),
    ] as [(String, ScriptProblem)])
  func `wrong directives are refused`(line: String, problem: ScriptProblem) {
    #expect(command(line) == .failure(problem))
  }

  @Test func `the setup is read before the first command`() throws {
    let script = try Script(
      textBytes(
        """
        # a machine
        #@ machine memory=2G nodes=2 cpus=4 arch=riscv64-sv48
        #@ kernel 6.1
        #@ boot quiet
        #@ boot  hugepages=4

        echo 1 > /x
        #@ check
        """))
    let machine = try #require(script.setup.machine)
    #expect(machine.memoryByteCount == 2 << 30)
    #expect(machine.nodeCount == 2)
    #expect(machine.cpuCount == 4)
    #expect(script.setup.commandLine == bytes("quiet hugepages=4"))
    #expect(script.lines.map(\.number) == [7, 8])
  }

  @Test func `expectations may be of some kernels`() throws {
    let kernels = try #require(KernelSet(named: bytes("6.1,unified")[...]))
    #expect(
      command("#@ expect on 6.1,unified output x")
        == .success(.expect(.output(bytes("x")), on: kernels)))
    #expect(kernels.kernels.map { "\($0.name)" } == ["6.1", "unified"])
    #expect(KernelDesign.all.allSatisfy { KernelSet.all.contains($0) })
  }

  @Test(arguments: [
    ("", "unified"), ("#@ only on 5.14,6.12", "6.12"), ("#@ only on 7.2,6.1", "7.2"),
    ("#@ only on 5.14,6.12\n#@ kernel 5.14", "5.14"), ("#@ kernel 6.1", "6.1"),
    ("#@ only on 6.1\n#@ only on 7.2", "7.2"),
  ])
  func `a script runs on the newest kernel that it is for, or the one it names`(
    text: String, kernel: String
  ) throws {
    let setup = try Script(textBytes(text)).setup
    #expect("\(setup.usualKernel.name)" == kernel)
    #expect(setup.kernels.contains(setup.usualKernel))
  }

  @Test(arguments: ["machine", "kernel 6.1", "only on 6.1", "boot quiet"])
  func `the setup cannot change later`(directive: String) {
    #expect(throws: ScriptError(line: 2, problem: .tooLate)) {
      try Script(textBytes("true\n#@ \(directive)\n"))
    }
  }

  @Test func `errors name their line`() {
    #expect(throws: ScriptError(line: 3, problem: .unknownCommand)) {
      try Script(textBytes("true\n\nfrob\ntrue"))
    }
  }

  @Test func `any bytes are read or refused`() {
    var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
    let words = [
      "#@ ", "echo", "expect ", "map-huge ", "machine ", "memory-map=", "=", ">", "'", "\"", "\\",
      "\n", " ", "0", "18446744073709551615", "2M", "/proc", "of", "printf", "%", "field ", "\0",
      "\u{7F}é", "boot", "touch", "as", "only on ", "6.1,", "remember ", "change ", "+", "on ",
    ]
    for _ in 0..<3000 {
      var text: [UInt8] = []
      for _ in 0..<12 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += Array(words[Int(seed >> 33) % words.count].utf8)
      }
      _ = try? Script(text[...])
    }
  }
}

@Suite struct `Machines of scripts` {
  @Test func `nodes share memory between sections`() throws {
    var machine = MachineDescription()
    machine.memoryByteCount = 8 << 30
    machine.nodeCount = 3
    let layout = try machine.nodeLayout()
    #expect(layout.nodes.count == 3)
    #expect(layout.ranges.allSatisfy { $0.range.lowerBound.rawValue % (128 << 20) == 0 })
    #expect(layout.ranges.last?.range.upperBound == PhysicalAddress(9 << 30))
    #expect(machine.spanByteCount == 9 << 30)
  }

  @Test func `more nodes than sections leave some without memory`() throws {
    var machine = MachineDescription()
    machine.memoryByteCount = 256 << 20
    machine.nodeCount = 5
    let layout = try machine.nodeLayout()
    #expect(layout.nodes.count == 5)
    #expect(layout.ranges.count == 2)
  }

  @Test(arguments: [1, 4096, 0xA_0000, 0x10_0000, 0x10_0001] as [UInt])
  func `tiny machines have what they have`(bytes: UInt) {
    var machine = MachineDescription()
    machine.memoryByteCount = bytes
    #expect(machine.firmwareMap.usableByteCount <= bytes)
    #expect(machine.spanByteCount == 128 << 20)
  }

  @Test func `a memory map is taken as it is`() throws {
    let script = try Script(
      textBytes(
        "#@ machine memory-map=0x0-0x9fc00:usable,9fc00-100000:reserved,100000-8000000:usable"))
    let machine = try #require(script.setup.machine)
    #expect(machine.firmwareMap.usableByteCount == 0x9_FC00 + (127 << 20))
    #expect(machine.firmwareMap.entries.count == 3)
  }
}
