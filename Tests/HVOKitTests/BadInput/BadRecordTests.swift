// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `A record with a wrong value, replayed on a twin` {
  private static let observation = """
    {"MemTotal": 14000, "nr_memmap_pages": 0, "nr_memmap_boot_pages": 512, "free": 13000,
     "pools": {"2048kB": {"nr": 0, "free": 0, "surplus": 0, "reserved": 0, "overcommit": 0}},
     "zones": {"0/DMA32": {"spanned": 12288, "present": 12288, "managed": 11000}},
     "vmemmap": {"huge_leaves": 0, "entries": 256, "entry_tables": 1, "read_only_entries": 0,
       "saved_pages": 0, "shared_frames": {"7": 1}}}
    """

  private static let record = """
    {"name": "small", "kernel": "7.2",
     "machine": {
       "architecture": "x86_64", "cpus": 2,
       "command_line": "hugetlb_free_vmemmap=on hugepagesz=2M hugepages=2",
       "memory_map": [
         {"start": "0x0", "end": "0x9fc00", "type": "usable"},
         {"start": "0x100000", "end": "0x4000000", "type": "usable"},
         {"start": "0x4000000", "end": "0x5000000", "type": "reserved"}],
       "node_ranges": [
         {"start": "0x0", "end": "0x2000000", "node": 0},
         {"start": "0x2000000", "end": "0x5000000", "node": 1}]},
     "boot": \(observation),
     "steps": [
       {"name": "knobs", "do": [
         {"write": "/proc/sys/vm/nr_hugepages", "value": "6", "errno": "OK"},
         {"write": "/proc/sys/vm/nr_hugepages", "value": "8", "errno": "OK",
          "under": "base-page-allocations-fail"},
         {"read": "/proc/sys/vm/nr_hugepages", "text": "6"},
         {"map_huge": 2, "page_bytes": 2097152, "how": "touch", "result": ["mmap OK"]},
         {"map_huge": 3, "page_bytes": 2097152, "how": "noreserve-touch", "result": []},
         {"map_huge": 4, "page_bytes": 2097152, "how": "reserve", "result": []},
         {"consume_memory": "all-but-reserve"}, {"unmap_all": true}],
        "after": \(observation), "pool_slack": 2}]}
    """

  /// Reads and replays; what cannot be replayed must say why.
  private func use(_ text: String, _ what: String) {
    do {
      let record = try Record(parsing: text, file: "odd.json")
      // A twin of tebibytes is no trap, but takes its time.
      let specification = try TwinSpecification(record)
      guard specification.span <= 64 << 30 else { return }
      var target = try TwinTarget(record)
      for difference in RecordReplay(record).run(on: &target) {
        #expect("\(difference)".count < 2000)
      }
    } catch {
      let message = "\(error)"
      #expect(error is RecordError || error is InputError, "\(what): \(message)")
      #expect(message.count < 1000, "\(what): \(message)")
    }
  }

  @Test func `is a difference or a clear error, whatever the number`() {
    let values = [
      "-1", "0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615",
      "1e400", "1.5", "\"text\"", "\"0xffffffffffffffff\"", "null", "[]", "{}",
    ]
    let places = Self.record.ranges(of: /"0x[0-9a-f]+"|\b[0-9]+\b/)
    for (index, place) in places.enumerated() {
      // Some of the values in each place, others in the next one like it.
      for value in values.indices.filter({ $0 % 5 == index % 5 }).map({ values[$0] }) {
        let text = Self.record.replacingCharacters(in: place, with: value)
        use(text, "\(Self.record[..<place.lowerBound].suffix(30)): \(value)")
      }
    }
  }

  @Test func `is a difference or a clear error, whatever the text`() {
    let values = ["\"\"", "\"/\"", "\"\\u0000\"", "\"18446744073709551616\"", "7", "true", "[[]]"]
    for (index, place) in Self.record.ranges(of: /"[^"]*"/).enumerated() {
      for value in values.indices.filter({ $0 % 7 == index % 7 }).map({ values[$0] }) {
        use(
          Self.record.replacingCharacters(in: place, with: value),
          "\(Self.record[place]): \(value)")
      }
    }
  }

  @Test func `is refused when it is cut short anywhere`() {
    for end in stride(from: 0, to: Self.record.utf8.count, by: 97) {
      let text = String(decoding: Array(Self.record.utf8.prefix(end)), as: UTF8.self)
      #expect(throws: RecordError.self) { try Record(parsing: text, file: "cut.json") }
    }
  }

  @Test(arguments: ["{\"name\":", "[{\"a\":", "{\"steps\":["])
  func `is refused when it nests without end`(opening: String) {
    let text = String(repeating: opening, count: 50_000)
    #expect(throws: RecordError.self) { try Record(parsing: text, file: "deep.json") }
  }

  @Test func `may nest as deep as the parser goes`() {
    let depth = 400
    let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    use(Self.record.replacingOccurrences(of: "\"small\"", with: deep), "depth")
    use(
      Self.record.replacingOccurrences(of: "\"name\": \"small\"", with: "\"x\": \(deep)"), "depth")
  }

  @Test(arguments: ["/", "/nonexistent/x.json", "", "/dev/zero", "/proc/self/mem"])
  func `is named where it cannot be read`(path: String) {
    let error = #expect(throws: RecordError.self) { try Record(contentsOf: path) }
    #expect(error?.description.hasPrefix("\(path): ") == true)
    #expect(error?.description.contains("NSCocoa") == false)
  }
}
