// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Testing

/// Operations on pools in every order that matters. `hvo torture` goes further: here are the shortest
/// explorations, and those that once found something.
@Suite struct `Exploring interleavings of pools` {
  private func design(_ name: String) throws -> KernelDesign {
    try #require(KernelDesign.named(Array(name.utf8)[...]))
  }

  @Test(arguments: ["5.14", "6.1", "6.12", "7.2", "unified"])
  func `whoever begins, two operations end well`(kernel: String) throws {
    let report = try ScheduleExploration(kernel: design(kernel), maximumPreemptions: 0).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
    #expect(report.groups.count == 36)
  }

  /// Where a live entry may not change at once, nothing is folded, and everything else goes on.
  @Test(arguments: [
    [ScheduledOperation.grow, .fault], [.demote, .poison], [.area, .walk], [.offline, .grow],
  ])
  func `nobody changes a live entry in place on arm64`(operations: [ScheduledOperation]) throws {
    let report = try ScheduleExploration(
      groups: [operations], format: .arm64With4KPages, maximumPreemptions: 1
    ).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  @Test(arguments: [
    [ScheduledOperation.grow, .fault], [.shrink, .read], [.restore, .read], [.fault, .poison],
    // Both split the same leaf (H2 in the list of known bugs).
    [.optimize, .optimize],
    // Memory goes bad in a page on its way out (H3).
    [.shrink, .poison],
  ])
  func `one preemption does no harm`(operations: [ScheduledOperation]) throws {
    let report = try ScheduleExploration(groups: [operations], maximumPreemptions: 1).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
    #expect(report.scheduleCount > 30)
  }

  /// S8 in the list of known bugs: who walks page tables, and who takes an empty one away.
  @Test(arguments: [[ScheduledOperation.area, .walk], [.offline, .read]])
  func `memory and tables that go while others look do no harm`(
    operations: [ScheduledOperation]
  ) throws {
    let report = try ScheduleExploration(groups: [operations], maximumPreemptions: 1).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  /// A page's tails were blank while another CPU still saw other descriptors in them.
  @Test func `tails stay tails until all CPUs have flushed`() throws {
    let report = try ScheduleExploration(
      groups: [[.poison, .poison]], kernel: .linux5_14, maximumPreemptions: 2
    ).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  @Test func `three CPUs at once do no harm`() throws {
    let report = try ScheduleExploration(
      groups: [[.fault, .poison, .read]], maximumPreemptions: 0, randomScheduleCount: 50
    ).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  /// Between a demotion's last page and its raising the target, somebody else resized the pool.
  @Test(arguments: [ScheduledOperation.grow, .shrink])
  func `a pool's target rises with the pages that come from a demotion`(
    resize: ScheduledOperation
  ) throws {
    let report = try ScheduleExploration(groups: [[resize, .demote]], maximumPreemptions: 1).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  /// H7 in the list of known bugs: a reader has seen a reference to a base page, which becomes part of
  /// a huge page and its descriptor read-only, and only then the reader adds one.
  @Test(arguments: ["6.12", "unified"])
  func `a kernel that waits for readers never lets them store to a read-only page`(
    kernel: String
  ) throws {
    let report = try ScheduleExploration(
      groups: [[.recycle, .read]], kernel: design(kernel), maximumPreemptions: 1
    ).run()
    #expect(report.failures == [])
    #expect(report.isComplete)
  }

  @Test(arguments: ["5.14", "6.1", "7.2"])
  func `a kernel that does not wait for readers lets them store to a read-only page`(
    kernel: String
  ) throws {
    let report = try ScheduleExploration(
      groups: [[.recycle, .read]], kernel: design(kernel), maximumPreemptions: 1
    ).run()
    let failure = try #require(report.failures.first)
    #expect(failure.complaints.first?.contains("accessed as its mapping forbids") == true)
    #expect(try ScheduleExploration.replay(failure.reproducer).complaints == failure.complaints)
  }

  /// A processor that stores only if the comparison succeeds never notices: the tail's count is 0.
  @Test func `whether that store happens depends on the processor`() throws {
    var exploration = ScheduleExploration(
      groups: [[.recycle, .read]], kernel: .linux7_2, maximumPreemptions: 1)
    exploration.failedExchange = .onlyReads
    #expect(try exploration.run().failures == [])
  }

  @Test func `what is explored does not depend on when`() throws {
    let exploration = ScheduleExploration(
      groups: [[.fault, .read]], maximumPreemptions: 1, randomScheduleCount: 20, seed: 7)
    #expect(try exploration.run() == exploration.run())
  }

  @Test func `an exploration that has no time ends at once`() throws {
    let report = try ScheduleExploration().run(until: .now)
    #expect(report.scheduleCount == 0)
    #expect(!report.isComplete)
  }
}
