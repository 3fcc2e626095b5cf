// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@_spi(Lab) @testable import KernelMemory

/// What processors see that remember how a page was mapped, between the change of its entries and
/// the flush; spec 05 sections 6 and 11.
@Suite struct `Stale translations` {
  private static let planted: UInt64 = 0x1234_5678_9abc_def0

  private func folding(_ kernel: NamedKernel, pages: UInt = 2) throws -> FoldingHost {
    let folding = try FoldingHost(kernel, pages: pages, cpus: FlushStops.cpuCount, threading: .many)
    // The leaf is split before, so that only the folding itself flushes.
    folding.optimize([folding.heads[0]])
    _ = folding.restore([folding.heads[0]])
    return folding
  }

  /// Where the index word of a tail lies, which nobody uses, in the page's last vmemmap page.
  private func tailWord(_ folding: FoldingHost, _ head: PageFrameNumber) -> VirtualAddress {
    folding.vmemmap.address(of: head.advanced(by: 500)).advanced(byBytes: 32)
  }

  private func lastPage(_ folding: FoldingHost, _ head: PageFrameNumber) -> VirtualAddress {
    folding.address(ofVmemmapPage: 7, of: head)
  }

  /// P-PT 11.
  @Test(arguments: NamedKernel.all)
  func `until the flush a processor reads the old frame, afterwards the shared one`(
    kernel: NamedKernel
  ) throws {
    let folding = try folding(kernel)
    let machine = folding.machine
    let head = folding.heads[1]
    let word = tailWord(folding, head)
    try machine.store(Self.planted, at: word)
    let read = { try machine.run(on: FlushStops.observer) { try machine.load(word) } }
    #expect(try read() == Self.planted)
    let old = try folding.frames(of: head)
    let flushes = try FlushStops.run(on: machine, page: lastPage(folding, head)) {
      _ = try? folding.optimize(head)
    } atFlush: { _ throws in
      #expect(try read() == Self.planted)
      #expect(try folding.shapeFaults(of: head, old: old) == [], "the tables say otherwise")
      #expect(try folding.frames(of: head)[7] != old[7])
    }
    #expect(flushes == 1)
    #expect(try read() == 0)
    try folding.expectSound(head, folded: true, old: old)
  }

  /// The rule of spec 05 section 11; predicate 11.
  @Test(arguments: NamedKernel.all)
  func `no frame is free before the flush`(kernel: NamedKernel) throws {
    let folding = try folding(kernel)
    let head = folding.heads[1]
    let old = try folding.frames(of: head)
    let words = old.map { folding.contents(of: $0) }
    let before = folding.subsystem.totals
    let copies: UInt = kernel.design.vmemmap.headCopy == .none ? 0 : 1
    _ = try FlushStops.run(on: folding.machine, page: lastPage(folding, head)) {
      _ = try? folding.optimize(head)
    } atFlush: { _ throws in
      let now = folding.subsystem.totals
      #expect(now.managedPageCount == before.managedPageCount)
      #expect(now.freePageCount == before.freePageCount - copies)
      #expect(now.bootVmemmapPageCount == before.bootVmemmapPageCount)
      for index in 1..<8 {
        #expect(folding.contents(of: old[index]) == words[index], "frame \(index)")
      }
    }
    #expect(folding.subsystem.totals.managedPageCount > before.managedPageCount)
    #expect(folding.host.complaints == [])
  }

  /// H8 in the list of known bugs.
  @Test(arguments: NamedKernel.all)
  func `old and new head page both say that the page is folded`(kernel: NamedKernel) throws {
    let folding = try folding(kernel)
    let machine = folding.machine
    let head = folding.heads[1]
    let old = try folding.frames(of: head)[0]
    _ = try machine.run(on: FlushStops.observer) { try folding.words(of: head) }
    _ = try FlushStops.run(on: machine, page: lastPage(folding, head)) {
      _ = try? folding.optimize(head)
    } atFlush: { _ throws in
      #expect(folding.isFolded(head), "the observer still reads the old page")
      let new = try folding.frames(of: head)[0]
      #expect(folding.contents(of: new) == folding.contents(of: old))
      #expect(folding.contents(of: new)[5] & 1 << 4 != 0)
    }
  }

  @Test(arguments: NamedKernel.batching)
  func `a list frees nothing before its second flush`(kernel: NamedKernel) throws {
    let folding = try folding(kernel, pages: 6)
    let old = try folding.heads.map { try folding.frames(of: $0) }
    let before = folding.subsystem.totals
    let flushes = try FlushStops.run(on: folding.machine, page: lastPage(folding, folding.heads[5]))
    {
      folding.optimize(folding.heads)
    } atFlush: { flush throws in
      let now = folding.subsystem.totals
      #expect(now.managedPageCount == before.managedPageCount)
      #expect(now.bootVmemmapPageCount == before.bootVmemmapPageCount)
      if flush == 1 {
        #expect(now == before)
        for (head, old) in zip(folding.heads, old) { #expect(try folding.frames(of: head) == old) }
      }
    }
    #expect(flushes == 2)
    #expect(folding.subsystem.totals.managedPageCount > before.managedPageCount)
    for head in folding.heads { try folding.expectSound(head, folded: true) }
  }

  /// H16 in the list of known bugs.
  @Test func `a list that runs out of frames flushes before it frees any`() throws {
    for kernel in NamedKernel.batching where kernel.design.vmemmap.headCopy == .required {
      let folding = try folding(kernel, pages: 6)
      let before = folding.subsystem.totals
      folding.machine.failures.failAllocation(after: 3)
      let flushes = try FlushStops.run(
        on: folding.machine, page: lastPage(folding, folding.heads[5])
      ) {
        folding.optimize(folding.heads)
      } atFlush: { flush in
        let isFreed = folding.subsystem.totals.managedPageCount > before.managedPageCount
        #expect(isFreed == (flush == 3), "flush \(flush)")
      }
      #expect(flushes == 3)
      #expect(folding.heads.allSatisfy { folding.isFolded($0) })
      #expect(folding.host.complaints == [])
    }
  }

  @Test(arguments: NamedKernel.all)
  func `until a restore is flushed a processor reads the tails that were`(
    kernel: NamedKernel
  ) throws {
    let folding = try folding(kernel)
    let machine = folding.machine
    let head = folding.heads[1]
    try folding.optimize(head)
    let word = tailWord(folding, head)
    let read = { try machine.run(on: FlushStops.observer) { try machine.load(word) } }
    #expect(try read() == 0)
    let flushes = try FlushStops.run(on: machine, page: lastPage(folding, head)) {
      try? folding.restore(head)
    } atFlush: { _ throws in
      #expect(try read() == 0)
      #expect(throws: MachineFault.readOnly(word)) { try machine.store(Self.planted, at: word) }
      #expect(try folding.shapeFaults(of: head) == [])
    }
    #expect(flushes == 1)
    try machine.run(on: FlushStops.observer) { try machine.store(Self.planted, at: word) }
    #expect(try read() == Self.planted)
    #expect(try machine.load(word) == Self.planted)
    try machine.store(0, at: word)
    try folding.expectSound(head, folded: false)
  }

  /// Several processors may split the leaf over their folios at once (spec 05 section 5).
  @Test(arguments: NamedKernel.all)
  func `pages under one leaf can be folded by several processors at once`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 24, cpus: 3, threading: .many)
    withThreads(on: folding.machine, cpus: 0..<3) { cpu in
      for index in stride(from: cpu.index, to: 24, by: 3) {
        _ = try? folding.optimize(folding.heads[index])
      }
    }
    for head in folding.heads { try folding.expectShape(head, folded: true) }
    #expect(folding.host.complaints == [])
    #expect(folding.subsystem.sharedTailFrames.count == (folding.digest()["shared tails"]))
  }
}

@Suite struct `Writing to folded tails` {
  @Test(arguments: NamedKernel.all)
  func `faults and changes nothing`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 2, cpus: 2)
    folding.optimize(folding.heads)
    let kept = folding.design.privatePageCount
    let target = try folding.frames(of: folding.head)[7]
    let words = folding.contents(of: target)
    for cpu in 0..<2 {
      folding.machine.run(on: CPUID(cpu)) {
        for page in kept..<8 {
          let address = folding.address(ofVmemmapPage: page, of: folding.head)
            .advanced(byBytes: 40)
          #expect(throws: MachineFault.readOnly(address)) {
            try folding.machine.store(.max, at: address)
          }
        }
      }
    }
    #expect(folding.contents(of: target) == words)
    for head in folding.heads { try folding.expectSound(head, folded: true) }
  }

  /// Spec 05 section 2: where the architecture cannot protect them, tails are as writable as heads.
  @Test func `is possible where the kernel cannot protect a page from itself`() throws {
    for kernel in NamedKernel.all where kernel.design.vmemmap.supports(.riscvSv48) {
      let folding = try FoldingHost(kernel, format: .riscvSv48)
      try folding.optimize(folding.head)
      #expect(try folding.mapping(of: folding.head).allSatisfy { $0.isWritable })
      try folding.expectSound(folding.head, folded: true)
    }
  }

  @Test(arguments: NamedKernel.all)
  func `the head can be written, folded or not`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, cpus: 2)
    let word = folding.vmemmap.address(of: folding.head).advanced(byBytes: 56)
    for value in UInt64(1)...3 {
      try folding.machine.run(on: CPUID(1)) { try folding.machine.store(value, at: word) }
      try folding.optimize(folding.head)
      #expect(try folding.machine.load(word) == value)
      try folding.machine.run(on: CPUID(1)) { try folding.machine.store(value + 9, at: word) }
      try folding.restore(folding.head)
      #expect(try folding.machine.load(word) == value + 9)
    }
  }
}
