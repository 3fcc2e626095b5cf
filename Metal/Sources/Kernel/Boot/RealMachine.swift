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
    let block = unsafe Boot.placement.block
    let own = MemoryMapEntry(PhysicalAddress(block.start)..<PhysicalAddress(block.end), .reserved)
    memoryMap = MemoryMap(firmware.memoryEntries + [own])
    layout = firmware.nodeLayout
    format = Architecture.format
    cpuCount = Processors.count
  }

  /// Whether all of `range` is memory that the kernel does not use.
  func hasMemory(_ range: Range<PhysicalAddress>) -> Bool {
    // The core never uses what starting CPUs do, nor the page of it that firmware keeps.
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
