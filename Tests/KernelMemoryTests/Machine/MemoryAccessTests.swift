// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import KernelMemory

@Suite struct `Memory access` {
  @Test(arguments: NamedFormat.all)
  func `what is stored through one mapping is loaded through another`(
    _ named: NamedFormat
  ) throws {
    let tables = try HandMadeTables(named.format)
    let page = named.format.pageSize.byteCount
    let one = named.format.vmemmapBase
    let other = one.advanced(byBytes: page)
    let frame = PhysicalAddress(8 * page)
    tables.map(one, to: frame)
    tables.map(other, to: frame, .readOnly)
    try tables.machine.store(0xFEED, at: one.advanced(byBytes: page - 8))
    #expect(try tables.machine.load(other.advanced(byBytes: page - 8)) == 0xFEED)
    #expect(tables.word(at: frame.advanced(byBytes: page - 8)) == 0xFEED)
  }

  @Test(arguments: NamedFormat.all)
  func `a store to a read-only page faults where the architecture has such pages`(
    _ named: NamedFormat
  ) throws {
    let tables = try HandMadeTables(named.format)
    let address = named.format.vmemmapBase
    let frame = PhysicalAddress(0x20_0000)
    tables.map(address, to: frame, .readOnly)
    tables.setWord(7, at: frame)
    // The first store misses the TLB; after the load the second one hits it.
    for _ in 0..<2 {
      if named.format.distinguishesReadOnly {
        #expect(throws: MachineFault.readOnly(address)) {
          try tables.machine.store(8, at: address)
        }
        #expect(tables.word(at: frame) == 7)
      } else {
        try tables.machine.store(8, at: address)
        #expect(tables.word(at: frame) == 8)
      }
      #expect(try tables.machine.load(address) == tables.word(at: frame))
    }
  }

  @Test(arguments: NamedFormat.all)
  func `memory behind the span does not exist`(_ named: NamedFormat) throws {
    let tables = try HandMadeTables(named.format)
    let address = named.format.vmemmapBase
    let page = named.format.pageSize.byteCount
    let last = PhysicalAddress(tables.machine.span - page)
    tables.map(address, to: last)
    tables.map(address.advanced(byBytes: page), to: last.advanced(byBytes: page))
    #expect(try tables.machine.load(address.advanced(byBytes: page - 8)) == 0)
    #expect(throws: MachineFault.noMemory(PhysicalAddress(tables.machine.span))) {
      try tables.machine.load(address.advanced(byBytes: page))
    }
    #expect(throws: MachineFault.noMemory(PhysicalAddress(tables.machine.span + 16))) {
      try tables.machine.store(1, at: address.advanced(byBytes: page + 16))
    }
  }

  @Test func `an access that faults leaves nothing in the TLB`() throws {
    let tables = try HandMadeTables(.x86FourLevel)
    let address = PagingFormat.x86FourLevel.vmemmapBase
    #expect(throws: MachineFault.notMapped(address)) { try tables.machine.load(address) }
    tables.map(address, to: PhysicalAddress(0x20_0000))
    #expect(try tables.machine.load(address) == 0)
  }

  @Test func `a huge leaf is read page by page`() throws {
    let tables = try HandMadeTables(.x86FourLevel)
    let address = PagingFormat.x86FourLevel.vmemmapBase
    let memory = PhysicalAddress(0x80_0000)
    tables.map(address, to: memory, level: 1)
    for page in [0, 1, 511] as [UInt] {
      try tables.machine.store(UInt64(page), at: address.advanced(byBytes: page << 12))
      #expect(tables.word(at: memory.advanced(byBytes: page << 12)) == UInt64(page))
    }
  }
}

@Suite struct `Sparse memory` {
  /// In a process of its own: what a process occupies is also what other tests occupy.
  @Test func `64 TiB cost nothing until they are touched`() async {
    await #expect(processExitsWith: .success) {
      let before = residentByteCount()
      let machine = try HostedMachine(span: 64 << 40)
      #expect(machine.span == 64 << 40)
      let last = PhysicalAddress(machine.span - 8)
      #expect(unsafe machine.pointer(to: last).load(as: UInt64.self) == 0)
      unsafe machine.pointer(to: last).storeBytes(of: 1, as: UInt64.self)
      #expect(unsafe machine.pointer(to: last).load(as: UInt64.self) == 1)
      #expect(before > 0)
      #expect(residentByteCount() - before < 16 << 20)
    }
  }

  /// A few pages are cleared by writing, many by giving them back to the real host.
  @Test(arguments: [1, 2, 15, 16, 300] as [UInt])
  func `cleared memory reads as zero and its neighbours stay`(pageCount: UInt) throws {
    let machine = try HostedMachine(span: 1 << 30)
    for page in 0..<pageCount + 2 {
      unsafe machine.pointer(to: PhysicalAddress(page << 12)).storeBytes(of: 5, as: UInt64.self)
    }
    machine.clearContents(at: PhysicalAddress(1 << 12), byteCount: pageCount << 12)
    let words = (0..<pageCount + 2).map { page in
      unsafe machine.pointer(to: PhysicalAddress(page << 12)).load(as: UInt64.self)
    }
    #expect(words == [5] + Array(repeating: 0, count: Int(pageCount)) + [5])
  }

  @Test func `spans and CPU counts that cannot be are refused`() {
    #expect(throws: HostedMachineError.unsupportedSpan(bytes: 0)) { try HostedMachine(span: 0) }
    #expect(throws: HostedMachineError.unsupportedSpan(bytes: 65 << 40)) {
      try HostedMachine(span: 65 << 40)
    }
    #expect(throws: HostedMachineError.unsupportedSpan(bytes: .max)) {
      try HostedMachine(span: .max)
    }
    for count in [-1, 0, 4097] {
      #expect(throws: HostedMachineError.unsupportedCPUCount(count)) {
        try HostedMachine(span: 1 << 20, cpuCount: count)
      }
    }
  }
}

/// The memory that this process occupies, from `/proc/self/statm`.
private func residentByteCount() -> Int {
  let fields =
    (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
    .split(separator: " ") ?? []
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
}
