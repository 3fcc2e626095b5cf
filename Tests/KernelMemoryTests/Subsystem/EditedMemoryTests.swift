// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import Testing

@Suite struct `The memory that a command line leaves` {
  private func memory(_ commandLine: String) -> [MemoryMapEntry] {
    let map = MemoryMap([entry(0, 1024, .usable)])
    return BootConfiguration(memoryMap: map, commandLine: Array(commandLine.utf8))
      .memoryMapWithEdits.entries
  }

  /// An entry from one mebibyte to another.
  private func entry(_ start: UInt, _ end: UInt, _ kind: MemoryKind) -> MemoryMapEntry {
    MemoryMapEntry(PhysicalAddress(start << 20)..<PhysicalAddress(end << 20), kind)
  }

  @Test func `is what firmware reports unless it says otherwise`() {
    #expect(memory("hugepages=2") == [entry(0, 1024, .usable)])
  }

  @Test func `is what mem= and memmap= make of it`() {
    #expect(memory("mem=512M") == [entry(0, 512, .usable)])
    #expect(
      memory("memmap=256M!512M memmap=1M@2G") == [
        entry(0, 512, .usable), entry(512, 768, .legacyPersistent), entry(768, 1024, .usable),
        entry(2048, 2049, .usable),
      ])
  }

  @Test func `does not know of what stands behind the longest line that a kernel reads`() {
    let padding = String(repeating: "x", count: 2047)
    #expect(memory(padding + " mem=512M") == [entry(0, 1024, .usable)])
  }
}
