// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `CPUs` {
  @Test func `code runs on the CPU it is told, and comes back`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 4)
    #expect(machine.currentCPU == CPUID(0))
    machine.run(on: CPUID(3)) {
      #expect(machine.currentCPU == CPUID(3))
      machine.run(on: CPUID(1)) { #expect(machine.currentCPU == CPUID(1)) }
      #expect(machine.currentCPU == CPUID(3))
    }
    #expect(machine.currentCPU == CPUID(0))
  }

  @Test func `an error comes back from the CPU too`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 2)
    #expect(throws: MachineFault.notMapped(VirtualAddress(0))) {
      try machine.run(on: CPUID(1)) { _ = try machine.load(VirtualAddress(0)) }
    }
    #expect(machine.currentCPU == CPUID(0))
  }

  @Test func `a CPU that the machine does not have traps`() async {
    await #expect(processExitsWith: .failure) {
      let machine = try HostedMachine(span: 1 << 20, cpuCount: 2)
      machine.run(on: CPUID(2)) {}
    }
  }

  @Test func `threads are the CPUs that they are bound to`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 4, threading: .many)
    let seen = Tally()
    withThreads(on: machine, cpus: 0..<4) { cpu in
      if machine.currentCPU == cpu { seen.add(1 << (8 * cpu.index)) }
    }
    #expect(seen.total == 0x0101_0101)
  }

  @Test func `threads see the old page or the new one, and after the flush only the new one`()
    throws
  {
    let format = PagingFormat.x86FourLevel
    let tables = try HandMadeTables(format, cpuCount: 3, threading: .many)
    let machine = tables.machine
    let base = format.vmemmapBase
    let frames = [PhysicalAddress(0x20_0000), PhysicalAddress(0x40_0000)]
    for (index, frame) in frames.enumerated() { tables.setWord(UInt64(index), at: frame) }
    tables.map(base, to: frames[0])
    let slot = tables.slot(for: base, level: 0)
    let entries = frames.map { format.leaf($0, at: 0).rawValue }
    let isDone = Flag()
    let surprises = Tally()
    withThreads(on: machine, cpus: 0..<3) { cpu in
      while cpu.index > 0, !isDone.isSet {
        let word = try? machine.load(base)
        if word != 0 && word != 1 { surprises.add(1) }
      }
      for round in 1...2000 where cpu.index == 0 {
        unsafe HostedMachine.word(at: machine.pointer(to: slot)).pointee.store(
          entries[round % 2], ordering: .releasing)
        machine.flushTranslations(of: base..<base.advanced(byBytes: 4096))
        if (try? machine.load(base)) != UInt64(round % 2) { surprises.add(1) }
      }
      isDone.set()
    }
    #expect(surprises.total == 0)
    machine.forEachCachedTranslation { _, slot in #expect(slot.frame == frames[0].rawValue) }
  }
}

@Suite struct `Grace period` {
  @Test func `waits for a reader that is inside, and for its outermost section`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 2, threading: .many)
    let (isInside, mayLeave, isOver, wasOverEarly) = (Flag(), Flag(), Flag(), Flag())
    withThreads(on: machine, cpus: 0..<2) { cpu in
      if cpu.index == 1 {
        machine.withReaderSection {
          machine.withReaderSection {}
          isInside.set()
          mayLeave.wait()
          if isOver.isSet { wasOverEarly.set() }
        }
      } else {
        isInside.wait()
        Thread.detachNewThread {
          usleep(30_000)
          mayLeave.set()
        }
        machine.waitForGracePeriod()
        isOver.set()
      }
    }
    #expect(!wasOverEarly.isSet)
    #expect(isOver.isSet)
    #expect(machine.cost.reading.gracePeriods == 1)
  }

  @Test func `does not wait for readers that come later`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 2, threading: .many)
    let isDone = Flag()
    withThreads(on: machine, cpus: 0..<2) { cpu in
      if cpu.index == 1 {
        while !isDone.isSet { machine.withReaderSection {} }
      } else {
        for _ in 0..<200 { machine.waitForGracePeriod() }
        isDone.set()
      }
    }
    #expect(machine.cost.reading.gracePeriods == 200)
  }

  @Test func `is counted, and over at once, when one thread drives all CPUs`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 8)
    machine.waitForGracePeriod()
    #expect(machine.cost.reading == CostReading(gracePeriods: 1))
  }
}
