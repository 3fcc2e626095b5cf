// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

/// What somebody who makes operations up has to know of a machine: how it booted.
struct MachineFacts {
  /// The bytes of the pages of each pool.
  let pageByteCounts: [UInt]
  /// The base pages that folding one of them gives back.
  let savedPageCounts: [UInt]
  /// How many of them the whole memory would be.
  let mostPages: [UInt]
  let nodes: [Int]
  let cpuCount: Int
  let basePageByteCount: UInt
  /// The bytes of a memory block.
  let blockByteCount: UInt
  /// One more than the last address with memory at boot.
  let memoryEnd: UInt
  /// Addresses for memory to come.
  let room: Range<UInt>
  let hasDevice: Bool

  /// The facts about `host`, which was booted for `setup`.
  init(_ host: LabHost, _ setup: ScriptSetup) {
    let subsystem = host.subsystem
    let size = subsystem.format.pageSize
    pageByteCounts = subsystem.pools.map(\.pageByteCount)
    savedPageCounts = subsystem.pools.map(\.savedPageCountPerPage)
    let managed = subsystem.totals.managedPageCount << size.shift
    mostPages = pageByteCounts.map { managed / $0 + 1 }
    nodes = subsystem.nodeIDs.map { Int($0.rawValue) }
    cpuCount = host.machine.cpuCount
    basePageByteCount = size.byteCount
    blockByteCount = subsystem.blockPageCount << size.shift
    memoryEnd = setup.machine?.firmwareMap.describableEnd.rawValue ?? 1 << 30
    let start = (memoryEnd + blockByteCount - 1) / blockByteCount * blockByteCount
    room = start..<max(start, host.machine.span)
    hasDevice = setup.machine?.memoryMap?.entries.contains { $0.kind == .softReserved } ?? false
  }
}
