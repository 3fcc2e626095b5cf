// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// A twin in whose vmalloc areas a table lies, once in base pages and once in the largest leaves.
struct TableTwin {
  /// How a table may be mapped.
  enum Mapping: CaseIterable {
    /// With base pages, as under `nohugevmalloc`.
    case small
    /// With the largest leaves that fit.
    case huge
  }

  /// The least memory of the machine: with 8 GiB, a kernel makes a dentry hash of 8 MiB.
  private static let leastByteCount: UInt = 8 << 30
  /// Where areas start by chance matters to processors that merge aligned groups of pages; here
  /// those always fit.
  private static let alignment: UInt = 64 << 10

  let kernelName: String
  private let small: Twin
  private let huge: Twin

  /// Boots a machine of an architecture in which a table of `byteCount` bytes has room.
  ///
  /// - Throws: ``InputError`` if there is no such kernel.
  init(architecture: String, kernel: String?, tableByteCount: UInt) throws(InputError) {
    let memory = max(Self.leastByteCount, tableByteCount * 4)
    let options = MachineOptions(
      memory: "\(memory >> 10)K", architecture: architecture, kernel: kernel)
    let specification = try TwinBuilder(options).build().specification
    kernelName = "\(specification.configuration.kernel.name)"
    small = try Twin(specification.adding("nohugevmalloc"))
    huge = try Twin(specification)
  }

  /// Allocates an area for the table, looks at its mapping, and frees it.
  ///
  /// - Throws: ``InputError`` if there is no room.
  func table(_ byteCount: UInt, _ mapping: Mapping) throws(InputError) -> MappedTable {
    let twin = mapping == .small ? small : huge
    let request = VmallocRequest(
      byteCount: byteCount, alignment: Self.alignment,
      mapping: mapping == .small ? .basePages : .largestThatFits,
      caller: Array("alloc_large_system_hash".utf8))
    do {
      let area = try twin.subsystem.allocateVmallocArea(request)
      defer { try? twin.subsystem.freeVmallocArea(at: area.lowerBound) }
      return try Self.walk(area.lowerBound, byteCount, twin)
    } catch {
      throw InputError("--table: the twin has no room for \(ByteText.short(byteCount)) (\(error))")
    }
  }

  /// Walks the page tables for each base page, as the MMU does.
  private static func walk(
    _ start: VirtualAddress, _ byteCount: UInt, _ twin: Twin
  ) throws(MachineFault) -> MappedTable {
    let page = twin.subsystem.format.pageSize.byteCount
    var pages: [MappedTable.Page] = []
    for number in 0..<(byteCount + page - 1) / page {
      let found = try twin.machine.walk(start.advanced(byBytes: number * page))
      pages.append(
        MappedTable.Page(
          leafByteCount: found.pageByteCount, physicalAddress: found.address.rawValue))
    }
    return MappedTable(start: start.rawValue, pageByteCount: page, pages: pages)
  }
}
