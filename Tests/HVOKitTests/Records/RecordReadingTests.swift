// SPDX-License-Identifier: Apache-2.0

import Foundation
import HVOKit
import Testing

@Suite struct `Reading a record` {
  @Test func `all of it is read`() throws {
    let record = try SampleRecord.load()
    #expect("\(record)" == "sample.7.2")
    #expect(record.machine.memoryMap[0].addresses == 0..<0x9fc00)
    #expect(record.machine.nodeRanges[0].isHotplugWindow)
    #expect(record.machine.defaultPageSize == .oneGigabyte)
    #expect(record.boot.pools[.twoMegabytes]?.overcommit == .max)
    #expect(record.boot.nodePools[0]?[.twoMegabytes]?.reserved == nil)
    #expect(record.boot.zones[RecordedZone(node: 0, name: "DMA32")]?.present == 1500)
    #expect(record.boot.vmemmap?.sharedFrames == [7: 1])
    #expect(record.boot.vmallocHugeLeaves == 2)
    #expect(record.steps.map(\.name) == ["knobs", "devices"])
    #expect(record.steps[1].after == nil)
    #expect(record.steps[1].poolSlack == nil)
  }

  @Test func `each action has its meaning`() throws {
    let steps = try SampleRecord.load().steps
    let knobs: [RecordedAction] = [
      .init(
        .write(path: "/proc/sys/vm/nr_hugepages", value: "1", condition: .ordinary),
        expecting: .errno("OK")),
      .init(
        .write(path: "/a", value: "", condition: .basePageAllocationsFail),
        expecting: .fails(true)),
      .init(.read(path: "/b"), expecting: .text("0 1")),
      .init(
        .mapHuge(count: 2, pageBytes: 2 << 20, how: .touchWithoutReserve),
        expecting: .lines(["mmap OK", "touch SIGBUS"])),
      .init(.unmapAll, expecting: .unknown), .init(.consumeMemory, expecting: .unknown),
    ]
    #expect(steps[0].actions == knobs)
    let layout = DAXLayout(
      alignment: 2 << 20, memmapPlace: .device, dataStart: 0x1_0020_0000,
      dataByteCount: 3_219_128_320)
    let devices: [RecordedAction] = [
      .init(
        .addMemory(id: "d0", start: 1 << 32, byteCount: 1 << 30, node: 1), expecting: .unknown),
      .init(.everyOfflineBlock(value: "online"), expecting: .refused(["memory33"])),
      .init(.everyBlockFrom(first: 32, value: "offline"), expecting: .unknown),
      .init(.removeMemory(id: "d0"), expecting: .unknown),
      .init(.daxCreate(id: "dax0.0", layout), expecting: .fails(false)),
      .init(.kmemBind(id: "dax0.0", node: 0, hostsItsOwnMemmap: true), expecting: .unknown),
      .init(.kmemUnbind(id: "dax0.0"), expecting: .unknown),
      .init(.pmemUnbind(id: "namespace0.0"), expecting: .unknown),
      .init(.daxDestroy(id: "dax0.0"), expecting: .unknown),
      .init(.vmalloc(byteCount: 4 << 20, mapping: .hugeAllowed, node: nil), expecting: .unknown),
      .init(.vmalloc(byteCount: 4096, mapping: .basePagesOnly, node: 1), expecting: .unknown),
    ]
    #expect(steps[1].actions == devices)
  }

  @Test func `unknown members are ignored`() throws {
    let text = SampleRecord.text.replacingOccurrences(
      of: "\"cpus\"", with: "\"colour\": {\"of\": [\"paint\"]}, \"cpus\"")
    #expect(try Record(parsing: text, file: "x") == SampleRecord.load())
  }

  @Test func `a file that is not there is named`() {
    let error = #expect(throws: RecordError.self) {
      try Record(contentsOf: "/nonexistent/none.json")
    }
    #expect(error?.description.hasPrefix("/nonexistent/none.json: cannot be read") == true)
  }

  @Test func `a folder is no record`() {
    #expect(throws: RecordError.self) { try Record(contentsOf: "/") }
  }
}

@Suite struct `A malformed record` {
  /// What stands in the sample, what to put there instead, and what the error must say.
  static let cases: [(String, String, String)] = [
    ("\"7.2\"", "\"5.4\"", "kernel: expected one of \"6.1\", \"6.12\", \"7.2\", found \"5.4\""),
    ("\"cpus\": 1", "\"cpus\": 0", "machine.cpus: expected a whole number from 1 to 8192"),
    ("\"cpus\": 1", "\"cpus\": true", "machine.cpus: expected a whole number"),
    ("\"0x9fc00\"", "\"0xzz\"", "machine.memory_map[0].end: expected an address"),
    ("\"0x7ffe0000\"", "\"0x0\"", "machine.memory_map[1].end: expected an address above"),
    ("\"node\": 1, \"hotplug\"", "\"node\": -1, \"hotplug\"", "machine.node_ranges[0].node"),
    ("\"MemTotal\": 1008", "\"MemTotal\": -1008", "steps[0] \"knobs\": after.MemTotal"),
    ("\"MemTotal\": 1008", "\"MemTotal\": 99999999999999999999", "found 1e+20"),
    ("\"MemTotal\": 1008", "\"MemTotal\": 1e999", "after.MemTotal"),
    ("\"managed\": 1008", "\"managed\": 1.5", "after.zones.0/DMA32.managed"),
    ("\"managed\": 1008", "\"mangled\": 1", "after.zones.0/DMA32.managed: expected a whole"),
    ("\"2048kB\":\n", "\"2049kB\":\n", "boot.pools.2049kB: expected a page size"),
    ("\"7\": 1", "\"-7\": 1", "boot.vmemmap.shared_frames.-7: expected how many times"),
    ("{\"0\": ", "{\"x\": ", "boot.node_pools.x: expected a node number"),
    ("\"0/DMA32\"", "\"DMA32\"", "boot.zones.DMA32: expected a zone"),
    ("\"errno\": \"OK\"", "\"errno\": 0", "steps[0] \"knobs\": do[0].errno: expected a string"),
    ("\"unmap_all\"", "\"unmapp_all\"", "do[4]: expected one action of write, read"),
    ("\"unmap_all\"", "\"read\": \"/\", \"unmap_all\"", "do[4]: expected one action"),
    ("base-page-allocations-fail", "rain", "do[1].under: expected a word"),
    ("[\"mmap OK\", ", "[7, ", "do[3].result[0]: expected a string, found 7"),
    ("\"bytes\": 1073741824", "\"bytes\": -1", "steps[1] \"devices\": do[0].bytes"),
    ("\"memmap_on_memory\": 1", "\"memmap_on_memory\": 2", "do[5].memmap_on_memory"),
    ("\"memtotal_exact\": true", "\"memtotal_exact\": 1", "memtotal_exact: expected true or"),
    ("\"memtotal_exact\": true", "\"pool_slack\": -3", "pool_slack: expected a whole number"),
    ("\"steps\"", "\"stepps\"", "steps: expected a list, found nothing"),
  ]

  @Test(arguments: cases)
  func `the error names file, step and field`(
    original: String, replacement: String, message: String
  ) {
    let text = SampleRecord.text.replacingOccurrences(of: original, with: replacement)
    #expect(text != SampleRecord.text)
    let error = #expect(throws: RecordError.self) {
      try Record(parsing: text, file: "bad.json")
    }
    let description = error?.description ?? ""
    #expect(description.hasPrefix("bad.json: "))
    #expect(description.contains(message), "\(description)")
  }

  @Test(arguments: ["", " ", "nil", "{", "[]", "7", "\"record\"", "null", "{}", "\u{0}"])
  func `a text that is no record is refused`(text: String) {
    #expect(throws: RecordError.self) { try Record(parsing: text, file: "bad.json") }
  }

  @Test func `a record that stops in the middle is refused`() {
    let text = SampleRecord.text
    for end in text.indices {
      #expect(throws: RecordError.self) {
        try Record(parsing: String(text[..<end]), file: "cut.json")
      }
    }
  }

  @Test func `nesting without end is refused`() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: RecordError.self) { try Record(parsing: text, file: "deep.json") }
  }

  @Test func `no value in any place traps`() {
    let places = SampleRecord.text.ranges(of: /"[^"]*"|[0-9]+|true|false/)
    let values = [
      "-1", "0", "9223372036854775807", "18446744073709551616", "-9223372036854775808", "1.5",
      "1e999", "null", "true", "\"\"", "\"0x\"", "\"\\u0000\"", "[]", "{}", "\"1048576kB\"",
    ]
    for (index, place) in places.enumerated() {
      // A third of the values in each place, another third in the next one like it.
      for value in values.indices.filter({ $0 % 3 == index % 3 }).map({ values[$0] }) {
        let text = SampleRecord.text.replacingCharacters(in: place, with: value)
        do {
          let record = try Record(parsing: text, file: "odd.json")
          var silent = ScriptedTarget()
          _ = RecordReplay(record).run(on: &silent)
        } catch {
          #expect(error.description.hasPrefix("odd.json: "))
        }
      }
    }
  }
}
