// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Synchronization
import Testing

@_spi(Lab) @testable import KernelMemory

/// The explorer on bugs of a few lines: it finds each of them, and shows it again from what it
/// printed.
@Suite struct `Exploring interleavings of toys` {
  /// What is wrong under the schedule that was printed for the first failure of `search`.
  private func replayed(_ search: ScheduleSearch) throws -> (found: [String], again: [String]) {
    let failure = try #require(try search.run().failures.first)
    let printed = failure.schedule.description
    let outcome = try search.replay(Schedule(parsing: printed))
    return (failure.complaints, outcome.complaints)
  }

  // MARK: A lost update

  /// Two CPUs count in one word: with one operation, or with a load and a store.
  private func counting(_ manner: Manner) -> ScheduleSearch {
    ScheduleSearch {
      let count = Counter()
      let body: @Sendable () -> Void = {
        switch manner {
        case .right: count.value.wrappingAdd(1, ordering: .relaxed)
        case .wrong:
          let seen = count.value.load(ordering: .relaxed)
          Machine.observe(.exchanging)
          count.value.store(seen + 1, ordering: .relaxed)
        }
      }
      return ScheduleTrial([body, body]) {
        let sum = count.value.load(ordering: .relaxed)
        return sum == 2 ? [] : ["an update was lost"]
      }
    }
  }

  private enum Manner { case right, wrong }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  @Test func `an update that is lost needs one preemption, and is lost again`() throws {
    let (found, again) = try replayed(counting(.wrong))
    #expect(found == ["an update was lost"])
    #expect(again == found)
    var calm = counting(.wrong)
    calm.maximumPreemptions = 0
    #expect(try calm.run().failures == [])
  }

  @Test func `without the bug, every schedule is tried and none fails`() throws {
    let tally = try counting(.right).run()
    #expect(tally.failures == [])
    #expect(tally.isComplete)
    #expect(tally.scheduleCounts == [2, 0, 0])
  }

  @Test func `chance finds what lies beyond the bound`() throws {
    var search = counting(.wrong)
    search.maximumPreemptions = 0
    search.randomScheduleCount = 100
    let tally = try search.run()
    let failure = try #require(tally.failures.first)
    #expect(try search.replay(failure.schedule).complaints == failure.complaints)
  }

  // MARK: Two locks in opposite order

  private final class Locks: Sendable {
    let outer = SpinLock(.hotplug)
    let inner = SpinLock(.zone)
  }

  private var opposing: ScheduleSearch {
    ScheduleSearch {
      let locks = Locks()
      return ScheduleTrial([
        { locks.outer.withLock { locks.inner.withLock {} } },
        { locks.inner.withLock { locks.outer.withLock {} } },
      ])
    }
  }

  @Test func `a lock out of order is found before it does any harm`() throws {
    let (found, again) = try replayed(opposing)
    #expect(
      found == [
        "CPU 1 takes lock \"hot-plug\" while it holds \"zone\": out of order, at step 6"
      ])
    #expect(again == found)
  }

  @Test func `two CPUs that wait for each other are found, with what they hold`() throws {
    let outcome = try opposing.replay(Schedule(parsing: "2:1"))
    #expect(outcome.isStuck)
    #expect(
      outcome.complaints.last == """
        deadlock: CPU 0 holds "hot-plug" and waits for "zone", which CPU 1 holds; \
        CPU 1 holds "zone" and waits for "hot-plug", which CPU 0 holds, at step 6
        """)
  }

  @Test func `locks in order let all schedules pass`() throws {
    let search = ScheduleSearch {
      let locks = Locks()
      let body: @Sendable () -> Void = { locks.outer.withLock { locks.inner.withLock {} } }
      return ScheduleTrial([body, body, body])
    }
    let tally = try search.run()
    #expect(tally.failures == [])
    #expect(tally.isComplete)
    #expect(tally.scheduleCount > 100)
  }

  @Test func `a CPU that spins for what never comes is found`() throws {
    let search = ScheduleSearch {
      let count = Counter()
      return ScheduleTrial([
        { while count.value.load(ordering: .relaxed) == 0 { Machine.relaxWhileSpinning() } },
        { _ = count.value.load(ordering: .relaxed) },
      ])
    }
    let failure = try #require(try search.run().failures.first)
    #expect(failure.complaints.first?.hasPrefix("deadlock: CPU 0 holds nothing and spins") == true)
  }

  @Test func `a lock that nobody lets go of is found`() throws {
    let search = ScheduleSearch {
      let locks = Locks()
      return ScheduleTrial([{ locks.outer.lock() }, {}])
    }
    let failure = try #require(try search.run().failures.first)
    #expect(failure.complaints == ["CPU 0 is done and holds lock \"hot-plug\", at step 2"])
  }

  @Test func `a CPU that traps ends the trial and not the process`() throws {
    let search = ScheduleSearch {
      let count = Counter()
      let body: @Sendable () -> Void = {
        precondition(count.value.load(ordering: .relaxed) == 0, "nobody else is here")
        count.value.store(1, ordering: .relaxed)
        Machine.observe(.exchanging)
        count.value.store(0, ordering: .relaxed)
      }
      return ScheduleTrial([body, body])
    }
    let (found, again) = try replayed(search)
    #expect(found == ["CPU 1: trap: what must hold did not, at step 1"])
    #expect(again == found)
  }

  // MARK: A dropped flush

  private enum Flush { case kept, dropped }

  /// One CPU moves a page to another frame and uses the old one for something else, while the other
  /// looks at the page twice.
  private func moving(_ flush: Flush) -> ScheduleSearch {
    ScheduleSearch {
      let page = try MovedPage()
      return ScheduleTrial([
        { page.machine.run(on: CPUID(0)) { page.move(flush == .kept ? .flushing : .inSilence) } },
        { page.machine.run(on: CPUID(1)) { page.look() } },
      ]) { page.hasShownGarbage ? ["what was read was not the page"] : [] }
    }
  }

  @Test func `a flush that was dropped is found, and one that was not is not`() throws {
    let (found, again) = try replayed(moving(.dropped))
    #expect(found == ["what was read was not the page"])
    #expect(again == found)
    #expect(try moving(.kept).run().failures == [])
  }
}

/// A page on a machine with the fewest tables there can be.
private final class MovedPage: @unchecked Sendable {
  enum Manner { case flushing, inSilence }

  let machine: HostedMachine
  private(set) var hasShownGarbage = false
  private let address = VirtualAddress(0xFFFF_8880_0000_0000)
  private let old = PhysicalAddress(0x10_0000)
  private let new = PhysicalAddress(0x10_1000)
  private let format = PagingFormat.x86FourLevel

  init() throws {
    machine = try HostedMachine(span: 2 << 20, cpuCount: 2, threading: .scheduled)
    for level in 1...3 {
      table(level)[format.index(of: address, at: level)] = format.table(
        place(level - 1), ofLevel: level - 1)
    }
    machine.setTranslationRoot(place(3))
    map(old)
    setWord(7, at: old)
    setWord(7, at: new)
  }

  private func place(_ level: Int) -> PhysicalAddress {
    PhysicalAddress(0x1000 * UInt(level + 1))
  }

  private func table(_ level: Int) -> EntryTable {
    EntryTable(at: place(level), machine: machine, format: format)
  }

  private func map(_ frame: PhysicalAddress) {
    table(0)[format.index(of: address, at: 0)] = format.leaf(frame, at: 0)
  }

  private func setWord(_ value: UInt64, at frame: PhysicalAddress) {
    unsafe machine.pointer(to: frame).storeBytes(of: value, as: UInt64.self)
  }

  func move(_ manner: Manner) {
    map(new)
    if manner == .flushing {
      machine.flushTranslations(of: address..<address.advanced(byBytes: 4096))
    }
    setWord(0xBAD, at: old)
  }

  func look() {
    for _ in 0..<2 {
      hasShownGarbage = hasShownGarbage || (try? machine.load(address)) != 7
      Machine.observe(.exchanging)
    }
  }
}
