// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// The bytes from `start` up to, not including, `end`.
private func addresses(_ start: UInt, _ end: UInt) -> Range<PhysicalAddress> {
  PhysicalAddress(start)..<PhysicalAddress(end)
}

/// A map as one line of text: `start-end kind` for each entry.
private func spelled(_ map: MemoryMap) -> String {
  map.entries.map { entry in
    let start = String(entry.range.lowerBound.rawValue, radix: 16)
    return "\(start)-\(String(entry.range.upperBound.rawValue, radix: 16)) \(entry.kind)"
  }.joined(separator: ", ")
}

@Suite struct `Memory map` {
  @Test func `overlapping entries yield to the less usable kind`() {
    let map = MemoryMap([
      MemoryMapEntry(addresses(0x0, 0x10000), .usable),
      MemoryMapEntry(addresses(0x4000, 0x6000), .reserved),
      MemoryMapEntry(addresses(0x5000, 0x7000), .acpi),
      MemoryMapEntry(addresses(0x3000, 0x3000), .reserved),
    ])
    #expect(
      spelled(map)
        == "0-4000 usable, 4000-5000 reserved, 5000-7000 acpi, 7000-10000 usable")
    #expect(map.usableByteCount == 0xD000)
    #expect(map.usableEnd == PhysicalAddress(0x10000))
  }

  @Test func `neighbours of one kind become one entry`() {
    let map = MemoryMap([
      MemoryMapEntry(addresses(0x2000, 0x3000), .usable),
      MemoryMapEntry(addresses(0x1000, 0x2000), .usable),
      MemoryMapEntry(addresses(0x1800, 0x2800), .usable),
    ])
    #expect(map.entries == [MemoryMapEntry(addresses(0x1000, 0x3000), .usable)])
  }

  @Test func `a map tells the kind of an address`() {
    let map = MemoryMap([
      MemoryMapEntry(addresses(0x1000, 0x2000), .usable),
      MemoryMapEntry(addresses(0x3000, 0x4000), .nvs),
    ])
    #expect(map.kind(at: PhysicalAddress(0x1000)) == .usable)
    #expect(map.kind(at: PhysicalAddress(0x2000)) == nil)
    #expect(map.kind(at: PhysicalAddress(0x3FFF)) == .nvs)
    #expect(map.kind(at: PhysicalAddress(.max)) == nil)
  }

  @Test func `any order of any entries gives the map of a byte-by-byte model`() {
    var random = BootRandom(seed: 11)
    for _ in 0..<200 {
      var model = [MemoryKind?](repeating: nil, count: 64)
      let entries = (0..<12).map { _ in
        let start = random.below(60)
        let end = start + random.below(UInt(64 - start))
        return MemoryMapEntry(addresses(start, end), MemoryKind.allCases[Int(random.below(8))])
      }
      for entry in entries {
        for byte in entry.range.lowerBound.rawValue..<entry.range.upperBound.rawValue {
          model[Int(byte)] = max(model[Int(byte)] ?? .usable, entry.kind)
        }
      }
      let map = MemoryMap(entries)
      for byte in 0..<64 { #expect(map.kind(at: PhysicalAddress(UInt(byte))) == model[byte]) }
    }
  }
}

@Suite struct `Memory map text` {
  @Test func `a boot log is read with inclusive ends`() throws {
    let log = """
      [    0.000000] Linux version 7.2
      [    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      [    0.000000] BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
      [    0.000000] BIOS-e820: [gap 0x00000000000a0000-0x00000000000effff]
      [    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000003ffdffff] usable
      [    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000013fffffff] persistent (type 12)
      [    0.000000] BIOS-e820: [mem 0x0000000200000000-0x000000020fffffff] soft reserved
      [    0.000000] BIOS-e820: [mem 0x0000000300000000-0x000000030fffffff] type 20
      [    0.000000] nothing else matters

      """
    let map = try MemoryMap.parse(firmwareText: textBytes(log))
    #expect(
      spelled(map) == """
        0-9fc00 usable, 9fc00-a0000 reserved, 100000-3ffe0000 usable, \
        100000000-140000000 legacyPersistent, 200000000-210000000 softReserved, \
        300000000-310000000 reserved
        """)
  }

  @Test func `plain text is read with exclusive ends`() throws {
    let text = "# a map\n0x0-0x9fc00 usable\n\n100000-40000000 System RAM\r\n0x9fc00-0xa0000 2"
    let map = try MemoryMap.parse(firmwareText: textBytes(text))
    #expect(spelled(map) == "0-9fc00 usable, 9fc00-a0000 reserved, 100000-40000000 usable")
  }

  @Test func `a resource tree counts at its left margin only`() throws {
    let text = """
      00000000-00000fff : Reserved
      00001000-0009fbff : System RAM
      000a0000-000bffff : PCI Bus 0000:00
      00100000-bffdffff : System RAM
        01000000-01ffffff : Kernel code
        02000000-03ffffff : Reserved
      100000000-17fffffff : Persistent Memory
        100000000-17fffffff : dax0.0
          100000000-17fffffff : System RAM (kmem)
      180000000-1ffffffff : Soft Reserved

      """
    let map = try MemoryMap.parse(resourceText: textBytes(text))
    #expect(
      spelled(map) == """
        0-1000 reserved, 1000-9fc00 usable, 100000-bffe0000 usable, \
        100000000-180000000 persistent, 180000000-200000000 softReserved
        """)
  }

  @Test func `hidden addresses are an error and not an empty machine`() {
    let text = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n"
    #expect(throws: MemoryMapTextError(line: 1, problem: .addressesHidden)) {
      try MemoryMap.parse(resourceText: textBytes(text))
    }
  }

  @Test(arguments: [
    ("0-1000 usable\njunk", 2, MemoryMapTextError.Problem.noAddressRange),
    ("0x2000-0x1000 usable", 1, .reversedRange),
    ("0-1000 usable\n\n1000-2000 cheese", 3, .unknownKind),
    ("0-1000", 1, .unknownKind),
    ("[mem 0-fff usable", 1, .noAddressRange),
    ("0-10000000000000000 usable", 1, .noAddressRange),
    ("\0\0\0", 1, .noAddressRange),
    ("-5 usable", 1, .noAddressRange),
  ])
  func `what cannot be read is reported with its line`(
    text: String, line: Int, problem: MemoryMapTextError.Problem
  ) {
    #expect(throws: MemoryMapTextError(line: line, problem: problem)) {
      try MemoryMap.parse(firmwareText: textBytes(text))
    }
  }

  @Test func `the last byte of the address space can be named`() throws {
    let text = "[mem 0xfffffffffffff000-0xffffffffffffffff] reserved"
    let map = try MemoryMap.parse(firmwareText: textBytes(text))
    #expect(map.entries.first?.range.upperBound == PhysicalAddress(.max))
  }

  @Test func `empty text is an empty map`() throws {
    #expect(try MemoryMap.parse(firmwareText: []).entries.isEmpty)
    #expect(try MemoryMap.parse(resourceText: []).entries.isEmpty)
  }

  @Test func `many lines and long lines are no trouble`() throws {
    var text = ""
    for line in 0..<20_000 {
      text += "\(String(line * 2, radix: 16))000-\(String(line * 2 + 1, radix: 16))000 usable\n"
    }
    #expect(try MemoryMap.parse(firmwareText: textBytes(text)).entries.count == 20_000)
    let long = String(repeating: "x", count: 1 << 20)
    #expect(throws: MemoryMapTextError(line: 2, problem: .unknownKind)) {
      try MemoryMap.parse(firmwareText: textBytes("0-1 usable\n1-2 \(long)"))
    }
  }
}

@Suite struct `Memory map parameters` {
  private func edited(_ commandLine: String) -> String {
    var map = MemoryMap([
      MemoryMapEntry(addresses(0, 0xC000_0000), .usable),
      MemoryMapEntry(addresses(0xF000_0000, 0x1_0000_0000), .reserved),
      MemoryMapEntry(addresses(0x1_0000_0000, 0x1_C000_0000), .usable),
    ])
    let parameters = BootParameters(commandLine: textBytes(commandLine), rules: .linux7_2)
    map.apply(parameters.memoryMapEdits)
    return spelled(map)
  }

  @Test(arguments: [
    ("mem=1G", "0-40000000 usable, f0000000-100000000 reserved"),
    ("memmap=1G", "0-40000000 usable, f0000000-100000000 reserved"),
    (
      "memmap=1G!4G",
      """
      0-c0000000 usable, f0000000-100000000 reserved, 100000000-140000000 legacyPersistent, \
      140000000-1c0000000 usable
      """
    ),
    (
      "memmap=1M$1M,2M#4M mem=4G",
      """
      0-100000 usable, 100000-200000 reserved, 200000-400000 usable, 400000-600000 acpi, \
      600000-c0000000 usable, f0000000-100000000 reserved
      """
    ),
    ("memmap=exactmap memmap=640K@0 memmap=1G@1M", "0-a0000 usable, 100000-40100000 usable"),
    ("mem=1G memmap=256M%0xf0000000-2+1", "0-40000000 usable, f0000000-100000000 usable"),
    ("mem=1G memmap=4G%0", ""),
    // An edit takes effect before what follows it is looked at, and after one that is wrong.
    ("memmap=1G@4Gx,1G", "0-40000000 usable, f0000000-100000000 reserved"),
    ("memmap=1G?0", "0-40000000 usable, f0000000-100000000 reserved"),
    ("memmap=x,1G%0-1x,1G", "0-40000000 usable, f0000000-100000000 reserved"),
    ("memmap=exactmapx,,1M@0", "0-100000 usable"), ("memmap=0", "f0000000-100000000 reserved"),
    ("mem=17179869185G", "0-40000000 usable, f0000000-100000000 reserved"),
  ])
  func `memory is cut, added and changed`(commandLine: String, expected: String) {
    #expect(edited(commandLine) == expected)
  }

  @Test(arguments: [
    "mem=", "mem=0", "mem=nopentium", "memmap=", "memmap=x", "memmap=@1G", "memmap=K@1G",
    "memmap=1G%0-1x", "mem", "memmap", "mem=16E", "memmap=,", "memmap=16E!15E",
  ])
  func `what cannot be read changes nothing`(commandLine: String) {
    #expect(edited(commandLine) == edited(""))
  }

  @Test func `sizes beyond the address space are cut`() {
    #expect(edited("memmap=15E$0x1e0000000").hasSuffix("1e0000000-f0000001e0000000 reserved"))
    #expect(
      edited("memmap=15E!15E").hasSuffix("f000000000000000-ffffffffffffffff legacyPersistent"))
  }
}
