// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

private let rulesOfAllSeries = KernelDesign.all.map(\.bootParameters)
private let rulesWithNodeLists = rulesOfAllSeries.filter(\.readsNodeLists)

private let x86 = HugePagePlatform(
  supportedByteCounts: [2 << 20, 1 << 30], defaultByteCount: 2 << 20,
  onlineNodes: [NodeID(0), NodeID(1)], largestListedByteCount: 4 << 20)

private func requests(
  _ line: String, _ rules: BootParameterRules = .linux6_12, on platform: HugePagePlatform = x86
) -> HugePageRequests {
  let parameters = BootParameters(commandLine: textBytes(line), rules: rules)
  return HugePageRequests(parameters.hugePageDirectives, platform: platform, rules: rules)
}

/// Requests as text: `2M:4` for a total, `2M:4(0:1,1:3)` with nodes; the default size has a star.
private func spelled(_ requests: HugePageRequests) -> String {
  requests.sizes.filter { !$0.isEmpty || $0.byteCount == requests.defaultByteCount }
    .map { spelled($0, star: $0.byteCount == requests.defaultByteCount ? "*" : "") }
    .joined(separator: " ")
}

private func spelled(_ size: HugePageRequest, star: String = "") -> String {
  let name = size.byteCount < 1 << 30 ? "\(size.byteCount >> 20)M" : "\(size.byteCount >> 30)G"
  let nodes = size.nodeCounts.map { "\($0.node.index):\($0.count)" }.joined(separator: ",")
  return "\(name)\(star):\(size.count)" + (nodes.isEmpty ? "" : "(\(nodes))")
}

private func lines(_ requests: HugePageRequests) -> [String] {
  requests.log.map { String(decoding: $0, as: UTF8.self) }
}

@Suite struct `Huge page parameters` {
  @Test(arguments: [
    ("", "2M*:0"),
    ("hugepages=64", "2M*:64"),
    ("hugepagesz=1G hugepages=2", "1G:2 2M*:0"),
    ("hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=200", "1G:1 2M*:200"),
    ("default_hugepagesz=1G hugepages=1", "1G*:1"),
    ("default_hugepagesz=1G hugepagesz=1G hugepages=3", "1G*:3"),
    ("default_hugepagesz=1G hugepagesz=2M hugepages=3", "1G*:0 2M:3"),
    ("hugepages=5 default_hugepagesz=1G", "1G*:5"),
    ("hugepages=12 default_hugepagesz=2M hugepages=6", "2M*:6"),
    ("hugepages=12abc", "2M*:12"),
    ("hugepages=\" 12\"", "2M*:12"),
    ("hugepages=", "2M*:0"),
    ("hugepages", "2M*:0"),
    ("hugepages=99999999999999999999999", "2M*:200376420520689663"),
    ("hugepages=18446744073709551621", "2M*:5"),
    ("hugepages=5,6", "2M*:5"),
    ("hugepages=012", "2M*:12"),
    ("hugepagesz=18446744073711648768 hugepages=7", "2M*:7"),
    ("hugepagesz=2MB hugepages=7", "2M*:7"),
    ("default-hugepagesz=1G hugepages=2", "1G*:2"),
    ("hugepages=5 hugepagesz=2M default_hugepagesz=2M", "2M*:5"),
    ("hugepages=5 hugepagesz=2M hugepages=7 default_hugepagesz=2M", "2M*:5"),
    ("hugepages=5 -- hugepages=6 hugepagesz=x", "2M*:5"),
    ("hugepagesz=2048k hugepages=7", "2M*:7"),
    ("hugepagesz=0x200000 hugepages=7", "2M*:7"),
    ("hugepagesz=2M default_hugepagesz=1G hugepages=4", "1G*:4"),
    ("hugepagesz=2M hugepagesz=1G default_hugepagesz=2M hugepages=4", "2M*:0 1G:4"),
  ])
  func `counts go to the size named last`(line: String, expected: String) {
    for rules in rulesOfAllSeries {
      #expect(spelled(requests(line, rules)) == expected)
      #expect(lines(requests(line, rules)) == [])
    }
  }

  @Test(arguments: [
    ("hugepages=0:64,1:32", "2M*:96(0:64,1:32)"),
    ("hugepages=0:64,", "2M*:64(0:64)"),
    ("hugepages=0:64x,1:32", "2M*:64(0:64)"),
    ("hugepages=1:4,0:2,1:6", "2M*:12(0:2,1:6)"),
    ("hugepages=\"0: 4, 1:2\"", "2M*:6(0:4,1:2)"),
    ("hugepagesz=1G hugepages=0:1,1:2", "1G:3(0:1,1:2) 2M*:0"),
    ("hugepages=0:4 default_hugepagesz=1G", "1G*:4(0:4)"),
    ("hugepages=12 default_hugepagesz=2M hugepages=0:6", "2M*:18(0:6)"),
    ("hugepages=0:4 default_hugepagesz=2M hugepages=1:6", "2M*:10(0:4,1:6)"),
    // A number replaces the total; the nodes named before still decide.
    ("hugepages=0:5 default_hugepagesz=2M hugepages=6", "2M*:6(0:5)"),
    ("hugepages=0:0", "2M*:0"),
    ("hugepages=0:4,0:0", "2M*:4"),
    ("hugepages=18446744073709551617:7", "2M*:7(1:7)"),
    // Counts of nodes have 32 bits, the total has 64.
    ("hugepages=0:4294967295", "2M*:4294967295(0:4294967295)"),
    ("hugepages=0:4294967296", "2M*:4294967296"),
    ("hugepages=0:4294967298,1:1", "2M*:4294967299(0:2,1:1)"),
    ("hugepages=0:18446744073709551615,1:2", "2M*:1(0:4294967295,1:2)"),
  ])
  func `lists of nodes are added up`(line: String, expected: String) {
    for rules in rulesWithNodeLists {
      #expect(spelled(requests(line, rules)) == expected)
      #expect(lines(requests(line, rules)) == [])
    }
  }

  @Test(arguments: [
    ("hugepages=0:64,1:32", "2M*:0"), ("hugepages=7:4", "2M*:7"), ("hugepages=-5", "2M*:0"),
    ("hugepages=x", "2M*:0"), ("hugepages=12 default_hugepagesz=2M hugepages=x", "2M*:0"),
    ("hugepages=12 default_hugepagesz=2M hugepages=", "2M*:0"), ("hugepages=\" 4\"", "2M*:4"),
    ("hugepagesz=2M hugepages=0:8,5:8,1:4", "2M*:0"),
  ])
  func `without lists of nodes a count is what number it starts with`(
    line: String, expected: String
  ) {
    #expect(spelled(requests(line, .linux5_14)) == expected)
    #expect(lines(requests(line, .linux5_14)) == [])
  }

  /// Lines with what older kernels set aside while they read them, and what is set aside in the end.
  @Test(arguments: [
    ("hugepagesz=1G hugepages=2", ["1G:2"], ["1G:2"]),
    ("hugepages=2 default_hugepagesz=1G", ["1G:2"], ["1G:2"]),
    ("hugepages=2 default_hugepagesz=1G hugepages=3", ["1G:2", "1G:3"], ["1G:3"]),
    ("hugepages=2 default_hugepagesz=1G hugepages=", ["1G:2", "1G:2"], ["1G:2"]),
    ("hugepages=2 default_hugepagesz=1G hugepages=x", ["1G:2"], ["1G:0"]),
    ("hugepages=2 hugepagesz=1G hugepages=1 default_hugepagesz=1G", ["1G:1", "1G:2"], ["1G:2"]),
    (
      "hugepages=0:1 default_hugepagesz=1G hugepages=1:1", ["1G:1(0:1)", "1G:2(0:1,1:1)"],
      ["1G:2(0:1,1:1)"]
    ),
    ("hugepagesz=1G hugepages=0:1,x", [], ["1G:0"]), ("hugepagesz=2M hugepages=4", [], ["1G:0"]),
    ("hugepagesz=1G hugepages=1 hugepages=2", ["1G:1"], ["1G:1"]),
  ])
  func `older kernels set gigantic pages aside while they read`(
    line: String, immediate: [String], collected: [String]
  ) {
    for rules in rulesWithNodeLists {
      let expected = rules.hugePageParsing == .immediate ? immediate : collected
      #expect(requests(line, rules).giganticRequests.map { spelled($0) } == expected)
    }
  }

  @Test(arguments: [
    ("hugepages=-5", "2M*:0", ["Invalid hugepages parameter -5"]),
    ("hugepagesz=2M hugepages=0:8,5:8,1:4", "2M*:0", ["Invalid hugepages parameter 5:8,1:4"]),
    ("hugepages=0:x", "2M*:0", ["Invalid hugepages parameter x"]),
    ("hugepages=0:1,7", "2M*:0", ["Invalid hugepages parameter 7"]),
    ("hugepages=1024:7", "2M*:0", ["Invalid hugepages parameter 1024:7"]),
    (
      "hugepages=99999999999999999999:7", "2M*:0",
      ["Invalid hugepages parameter 99999999999999999999:7"]
    ),
    ("hugepages=0:4,,1:4", "2M*:0", ["Invalid hugepages parameter ,1:4"]),
    ("hugepages=0:1,\" 7\"", "2M*:0", ["Invalid hugepages parameter \" 7\""]),
    ("hugepages=:4", "2M*:0", ["Invalid hugepages parameter :4"]),
    ("hugepages=0:", "2M*:0", ["Invalid hugepages parameter "]),
    ("hugepages=+12", "2M*:0", ["Invalid hugepages parameter +12"]),
    (
      "hugepages=12 default_hugepagesz=2M hugepages=x", "2M*:0", ["Invalid hugepages parameter x"]
    ),
    (
      "hugepages=0:4 default_hugepagesz=2M hugepages=1:x", "2M*:0",
      ["Invalid hugepages parameter x"]
    ),
    ("hugepages=x hugepages=5", "2M*:5", ["Invalid hugepages parameter x"]),
  ])
  func `a list that cannot be read is logged and leaves nothing`(
    line: String, expected: String, log: [String]
  ) {
    for rules in rulesWithNodeLists {
      let result = requests(line, rules)
      #expect(spelled(result) == expected)
      #expect(lines(result) == log.map { "HugeTLB: " + $0 })
    }
  }

  @Test(arguments: [
    (
      "hugepages=12 default_hugepagesz=2M hugepages=6 default_hugepagesz=1G", "2M*:6",
      ["default_hugepagesz previously specified, ignoring 1G"]
    ),
    (
      "hugepages=4 hugepages=5", "2M*:4",
      ["hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=5"]
    ),
    (
      "hugepagesz=1G hugepages=1 default_hugepagesz=2M hugepages=5", "1G:1 2M*:5", []
    ),
    (
      "hugepagesz=2M hugepages=1 hugepagesz=1G default_hugepagesz=2M hugepages=1", "2M*:1 1G:1", []
    ),
    (
      "default_hugepagesz=x default_hugepagesz=1G hugepages=2", "1G*:2",
      ["unsupported default_hugepagesz=x"]
    ),
    (
      "default_hugepagesz=1G default_hugepagesz=2M hugepages=2", "1G*:0",
      [
        "default_hugepagesz previously specified, ignoring 2M",
        "hugepages=2 does not follow a valid hugepagesz, ignoring",
      ]
    ),
    (
      "default_hugepagesz=2M hugepages=0 hugepagesz=2M hugepages=3", "2M*:0",
      ["hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=3"]
    ),
    (
      "hugepagesz= hugepages=1", "2M*:0",
      ["unsupported hugepagesz=", "hugepages=1 does not follow a valid hugepagesz, ignoring"]
    ),
    (
      "hugepagesz=3M hugepages=5 hugepages=6", "2M*:6",
      ["unsupported hugepagesz=3M", "hugepages=5 does not follow a valid hugepagesz, ignoring"]
    ),
    ("hugepagesz=16E", "2M*:0", ["unsupported hugepagesz=16E"]),
    (
      "default_hugepagesz=4K hugepages=5", "2M*:0",
      [
        "unsupported default_hugepagesz=4K",
        "hugepages=5 does not follow a valid hugepagesz, ignoring",
      ]
    ),
    (
      "hugepagesz=1G hugepages=1 hugepagesz=1G hugepages=2", "1G:1 2M*:0",
      [
        "hugepagesz=1G specified twice, ignoring",
        "hugepages=2 does not follow a valid hugepagesz, ignoring",
      ]
    ),
    (
      "default_hugepagesz=1G hugepages=1 hugepagesz=1G hugepages=2", "1G*:1",
      [
        "hugepagesz=1G specified twice, ignoring",
        "hugepages=2 does not follow a valid hugepagesz, ignoring",
      ]
    ),
    (
      "hugepages=5 hugepagesz=2M hugepages=7", "2M*:5",
      [
        "Ignoring hugepages=7 associated with 2.00 MiB page size",
        "Using hugepages=5 for number of default huge pages",
      ]
    ),
    ("hugepages=5 hugepagesz=2M", "2M*:5", []),
  ])
  func `what is refused is logged and what it leaves is exact`(
    line: String, expected: String, log: [String]
  ) {
    for rules in rulesOfAllSeries {
      let result = requests(line, rules)
      #expect(spelled(result) == expected)
      #expect(lines(result) == log.map { "HugeTLB: " + $0 })
    }
  }

  @Test func `sizes keep the order in which they are registered`() {
    let arm = HugePagePlatform(
      supportedByteCounts: [64 << 10, 2 << 20, 32 << 20, 1 << 30], defaultByteCount: 2 << 20,
      onlineNodes: [NodeID(0)])
    let result = requests("hugepagesz=32M hugepages=1", on: arm)
    #expect(result.sizes.map(\.byteCount) == [32 << 20, 1 << 30, 2 << 20, 64 << 10])
    #expect(result.request(forByteCount: 32 << 20)?.count == 1)
    #expect(result.request(forByteCount: 4096) == nil)
  }

  @Test func `a sixth parameter finds no room where they are collected`() {
    let line =
      "hugepagesz=2M hugepages=1 hugepagesz=1G hugepages=1 default_hugepagesz=2M hugepages=9"
    let early = requests("\(line) hugepagesz=x", .linux7_2)
    #expect(early.ignoredDirectiveCount == 2)
    #expect(lines(early) == [])
    let later = requests("\(line) hugepagesz=x", .linux6_12)
    #expect(later.ignoredDirectiveCount == 0)
    #expect(lines(later).count == 2)
  }

  @Test func `a parameter too long to collect is ignored and the next is not`() {
    let junk = String(repeating: "9", count: 2048)
    let early = requests("hugepages=\(junk) hugepages=3", .linux7_2)
    #expect(spelled(early) == "2M*:3")
    #expect(early.ignoredDirectiveCount == 1)
  }

  @Test func `a machine without node lists says so and ignores them`() {
    var platform = x86
    platform.nodeLists = .unsupported
    let result = requests("hugepages=0:4", on: platform)
    #expect(spelled(result) == "2M*:0")
    #expect(
      lines(result) == ["HugeTLB: architecture can't support node specific alloc, ignoring!"])
  }

  @Test func `a machine without huge pages says so`() {
    let none = HugePagePlatform(
      supportedByteCounts: [], defaultByteCount: 2 << 20, onlineNodes: [NodeID(0)])
    let line = "hugepages=4"
    #expect(
      lines(requests(line, .linux6_12, on: none)) == [
        "HugeTLB: huge pages not supported, ignoring associated command-line parameters"
      ])
    #expect(
      lines(requests(line, .linux7_2, on: none)) == [
        "HugeTLB: hugepages unsupported, ignoring hugepages=4 cmdline"
      ])
  }

  @Test func `bytes that are no text are refused and repeated as they are`() {
    let line = textBytes("hugepages=") + [0xFF, 0xC0] + textBytes(" x")
    let parameters = BootParameters(commandLine: line[...], rules: .linux6_1)
    let result = HugePageRequests(
      parameters.hugePageDirectives, platform: x86, rules: .linux6_1)
    #expect(result.log == [Array("HugeTLB: Invalid hugepages parameter ".utf8) + [0xFF, 0xC0]])
  }
}
