// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Folding comes before tails are written: in a terabyte there are a quarter of a milliard of them.
@Suite struct `Tails that nobody will see` {
  /// P9.
  @Test(arguments: NamedKernel.all)
  func `are not written before they are folded away`(kernel: NamedKernel) throws {
    let host = try TestHost(
      memory: 64 << 20, kernel: kernel.design, commandLine: "hugetlb_free_vmemmap=on")
    let subsystem = host.subsystem
    let pool = try #require(subsystem.hugeTLB.pool(for: PageOrder(9)))
    let before = backing(of: subsystem)
    // The frames of one page only: those of many are given back to the real host, and read as zero.
    pool.resize(to: 1)
    let head = try #require(subsystem.freeHugePages(of: 2 << 20).first).lowerBound
    let first = head.rawValue / 64
    let folded = first + kernel.design.vmemmap.privatePageCount..<first + 8
    for page in folded {
      let frame = try #require(before[page])
      #expect(subsystem.tables.frame(mappedAt: address(page, subsystem)) != frame)
      #expect(isZero(frame, on: host.machine))
    }
  }

  /// The frames with the descriptors of the whole machine, by their place.
  private func backing(of subsystem: MemorySubsystem) -> [UInt: PageFrameNumber] {
    var frames: [UInt: PageFrameNumber] = [:]
    for page in 0..<UInt(256) {
      frames[page] = subsystem.tables.frame(mappedAt: address(page, subsystem))
    }
    return frames
  }

  private func address(_ page: UInt, _ subsystem: MemorySubsystem) -> VirtualAddress {
    subsystem.vmemmap.address(of: PageFrameNumber(page * 64))
  }

  private func isZero(_ frame: PageFrameNumber, on machine: HostedMachine) -> Bool {
    let start = unsafe machine.pointer(to: PhysicalAddress(frame.rawValue << 12))
    return stride(from: 0, to: 4096, by: 8).allSatisfy {
      unsafe start.load(fromByteOffset: $0, as: UInt64.self) == 0
    }
  }
}
