// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

/// The machine as firmware describes it, without what the kernel keeps for itself.
struct RealMachine {
  /// The memory; the kernel's own is reserved.
  let memoryMap: MemoryMap
  /// Which memory belongs to which node.
  let layout: NodeLayout
  let format: PagingFormat
  let cpuCount: Int

  /// Reads the loader's map and the firmware's tables.
  init(_ firmware: FirmwareTables) {
    let placement = unsafe Boot.placement
    let window = KernelMemoryMap.directMap
    var entries: [MemoryMapEntry] = []
    let map = placement.memoryMap
    for entry in stride(
      from: window + map.start, to: window + map.end, by: Int(StartInfo.mapEntryByteCount))
    {
      let start = RawMemory.load(UInt.self, at: entry)
      let end = start &+ RawMemory.load(UInt.self, at: entry + 8)
      let kind = MemoryKind(number: UInt(RawMemory.load(UInt32.self, at: entry + 16)))
      entries.append(
        MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(max(start, end)), kind))
    }
    let block = placement.block
    entries.append(
      MemoryMapEntry(PhysicalAddress(block.start)..<PhysicalAddress(block.end), .reserved))
    memoryMap = MemoryMap(entries)
    layout = firmware.nodeLayout
    format = placement.levelCount == 5 ? .x86FiveLevel : .x86FourLevel
    cpuCount = Processors.count
  }

  /// Whether all of `range` is memory that the kernel does not use.
  func hasMemory(_ range: Range<PhysicalAddress>) -> Bool {
    // The core never uses the first mebibyte, nor the page of it that firmware keeps.
    let start = max(range.lowerBound, PhysicalAddress(AddressSpace.lowMemoryEnd))
    guard start < range.upperBound else { return true }
    return memoryMap.usableRanges.contains {
      $0.lowerBound <= start && range.upperBound <= $0.upperBound
    }
  }

  /// One more than the last address that can have descriptors, in whole sections.
  var span: UInt {
    let end = max(
      memoryMap.describableEnd.rawValue, layout.hotPluggableEnd?.rawValue ?? 0)
    return end.rounded(up: 1 << format.sectionShift)
  }
}
