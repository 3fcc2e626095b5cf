// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// A paging format as an argument of a test, shown by its name.
struct NamedFormat: CustomTestStringConvertible, Sendable {
  let format: PagingFormat

  var testDescription: String { "\(format.name)" }

  static let all: [Self] = PagingFormat.all.indices.map { Self(format: PagingFormat.all[$0]) }
}

/// A machine whose page tables the test writes entry by entry.
///
/// Entries have the bits of the format; the tables themselves are walked and made here, so that a
/// test of the MMU does not lean on the code that builds tables in the kernel.
final class HandMadeTables {
  let machine: HostedMachine
  let format: PagingFormat
  private(set) var root = PhysicalAddress(0)
  private var nextTable: UInt = 1 << 20

  init(
    _ format: PagingFormat, span: UInt = 1 << 33, cpuCount: Int = 1,
    threading: HostedMachine.Threading = .one
  ) throws {
    machine = try HostedMachine(
      span: span, regime: format.regime, cpuCount: cpuCount, threading: threading)
    self.format = format
    root = makeTable(ofLevel: topLevel)
    machine.setTranslationRoot(root)
  }

  var topLevel: Int { format.levelCount - 1 }

  /// An empty table, aligned to its own size and to a page.
  func makeTable(ofLevel level: Int) -> PhysicalAddress {
    let byteCount = format.pageSize.byteCount << UInt(format.tableOrder(ofLevel: level).rawValue)
    let start = (nextTable + byteCount - 1) / byteCount * byteCount
    nextTable = start + byteCount
    return PhysicalAddress(start)
  }

  /// The entry for `address` in the table of `level`, which is made if need be.
  func slot(for address: VirtualAddress, level: Int) -> PhysicalAddress {
    var table = root
    var current = topLevel
    while true {
      let index =
        address.rawValue >> format.levels[current].shift
        & ((1 << format.levels[current].bits) - 1)
      let slot = table.advanced(byBytes: index * 8)
      if current == level { return slot }
      if self[slot] == 0 {
        let next = makeTable(ofLevel: current - 1)
        self[slot] = format.table(next, ofLevel: current - 1).rawValue
      }
      table = format.address(in: PageTableEntry(rawValue: self[slot]))
      current -= 1
    }
  }

  /// Maps the page or block of `level` at `address` to the memory from `memory` on.
  func map(
    _ address: VirtualAddress, to memory: PhysicalAddress, level: Int = 0,
    _ protection: PageProtection = .readWrite
  ) {
    self[slot(for: address, level: level)] = format.leaf(memory, at: level, protection).rawValue
  }

  /// The raw entry in physical memory, in the byte order of the architecture.
  subscript(slot: PhysicalAddress) -> UInt64 {
    get {
      let raw = unsafe machine.pointer(to: slot).load(as: UInt64.self)
      return format.bits.isBigEndian ? raw.byteSwapped : raw
    }
    set {
      let raw = format.bits.isBigEndian ? newValue.byteSwapped : newValue
      unsafe machine.pointer(to: slot).storeBytes(of: raw, as: UInt64.self)
    }
  }

  /// The word in physical memory, whatever the tables say.
  func word(at address: PhysicalAddress) -> UInt64 {
    unsafe machine.pointer(to: address).load(as: UInt64.self)
  }

  /// Writes a word to physical memory, whatever the tables say.
  func setWord(_ value: UInt64, at address: PhysicalAddress) {
    unsafe machine.pointer(to: address).storeBytes(of: value, as: UInt64.self)
  }
}
