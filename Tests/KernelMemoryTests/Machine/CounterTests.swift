// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Cost meter` {
  @Test(arguments: CostMeter.Kind.allCases)
  func `counts each kind of work by itself`(_ kind: CostMeter.Kind) throws {
    let meter = try HostedMachine(span: 1 << 20).cost
    #expect(meter.reading == CostReading())
    meter.add(3, to: kind)
    meter.add(4, to: kind)
    #expect(meter.reading != CostReading())
    #expect(sum(of: meter.reading) == 7)
    for other in CostMeter.Kind.allCases where other != kind {
      let before = meter.reading
      meter.add(1, to: other)
      #expect(sum(of: meter.reading - before) == 1)
      #expect(meter.reading - before != before)
    }
  }

  @Test func `a reading is a snapshot and two have a difference`() throws {
    let meter = try HostedMachine(span: 1 << 20).cost
    meter.add(5, to: .bytesCopied)
    let first = meter.reading
    meter.add(6, to: .bytesCopied)
    meter.add(1, to: .framesFreed)
    #expect(first.bytesCopied == 5)
    #expect(meter.reading - first == CostReading(bytesCopied: 6, framesFreed: 1))
  }

  @Test func `threads that count at once lose nothing`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 2, threading: .many)
    withThreads(on: machine, cpus: 0..<2) { _ in
      for _ in 0..<20_000 { machine.cost.add(2, to: .framesFreed) }
    }
    #expect(machine.cost.reading == CostReading(framesFreed: 80_000))
  }

  private func sum(of reading: CostReading) -> UInt {
    reading.entriesWritten + reading.bytesCopied + reading.pageFlushes + reading.fullFlushes
      + reading.interprocessorInterrupts + reading.framesAllocated + reading.framesFreed
      + reading.gracePeriods
  }
}

@Suite struct `Failure injector` {
  private func outcomes(_ failures: FailureInjector, count: Int, order: PageOrder = .page) -> [Bool]
  {
    (0..<count).map { _ in failures.takesAllocation(of: order) }
  }

  @Test func `lets every allocation pass unless told otherwise`() throws {
    let failures = try HostedMachine(span: 1 << 20).failures
    #expect(outcomes(failures, count: 4) == [false, false, false, false])
    #expect(failures.allocationCount == 4)
  }

  @Test(arguments: 0..<4 as Range<UInt>)
  func `fails the chosen allocation once`(after count: UInt) throws {
    let failures = try HostedMachine(span: 1 << 20).failures
    _ = outcomes(failures, count: 2)
    failures.failAllocation(after: count)
    #expect(outcomes(failures, count: 5, order: PageOrder(3)) == (0..<5).map { $0 == count })
    #expect(failures.allocationCount == 7)
  }

  @Test func `fails base pages only, until told to stop`() throws {
    let failures = try HostedMachine(span: 1 << 20).failures
    failures.failBasePageAllocations()
    #expect(outcomes(failures, count: 2) == [true, true])
    #expect(outcomes(failures, count: 2, order: PageOrder(9)) == [false, false])
    failures.stopFailing()
    #expect(outcomes(failures, count: 2) == [false, false])
  }

  @Test func `forgets a pending failure when told to stop`() throws {
    let failures = try HostedMachine(span: 1 << 20).failures
    failures.failAllocation(after: 0)
    failures.stopFailing()
    #expect(outcomes(failures, count: 2) == [false, false])
  }

  @Test func `belongs to one machine`() throws {
    let one = try HostedMachine(span: 1 << 20)
    let other = try HostedMachine(span: 1 << 20)
    one.failures.failAllocation(after: 0)
    #expect(!other.failures.takesAllocation(of: .page))
    #expect(one.failures.takesAllocation(of: .page))
  }
}
