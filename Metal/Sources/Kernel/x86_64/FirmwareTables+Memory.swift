// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import KernelMemory

  extension FirmwareTables {
    /// The loader's map, of which the kernel has kept a copy.
    var memoryEntries: [MemoryMapEntry] {
      let map = unsafe Boot.placement.memoryMap
      let window = KernelMemoryMap.directMap
      var entries: [MemoryMapEntry] = []
      for entry in stride(
        from: window + map.start, to: window + map.end, by: Int(StartInfo.mapEntryByteCount))
      {
        let start = RawMemory.load(UInt.self, at: entry)
        let end = start &+ RawMemory.load(UInt.self, at: entry + 8)
        let kind = MemoryKind(number: UInt(RawMemory.load(UInt32.self, at: entry + 16)))
        entries.append(
          MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(max(start, end)), kind))
      }
      return entries
    }
  }

#endif
