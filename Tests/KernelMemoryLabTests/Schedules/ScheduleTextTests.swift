// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Testing

@Suite struct `Schedules as text` {
  @Test func `what is printed is read back`() throws {
    let schedule = Schedule([.init(step: 0, cpu: 1), .init(step: 12, cpu: 0)])
    #expect(schedule.description == "0:1 12:0")
    #expect(try Schedule(parsing: "0:1 12:0") == schedule)
    #expect(try Schedule(parsing: "") == Schedule())
  }

  @Test(arguments: ["1", "1:", "a:1", "-1:0", "1:2:3", "5:0 5:1", "5:0 4:1"])
  func `what is no schedule is refused`(text: String) {
    #expect(throws: ScheduleTextError.self) { try Schedule(parsing: text) }
  }

  @Test(arguments: [
    ("grow | shrink", ScheduleTextError.malformed), ("grow | shrink @ 1:1", .malformed),
    ("7.2: grow @ ", .malformed), ("2.4 x86_64: grow @ ", .unknownKernel("2.4")),
    ("7.2 s390x: grow @ ", .unknownFormat("s390x")),
    ("7.2 x86_64: swap @ ", .unknownOperation("swap")),
    ("7.2 arm64-4k: grow | shrink @ 1", .notASwitch("1")),
  ])
  func `a reproducer that cannot be run says why`(text: String, error: ScheduleTextError) {
    #expect(throws: error) { try ScheduleExploration.replay(text) }
  }

  @Test func `a schedule that does not fit says so`() throws {
    let outcome = try ScheduleExploration.replay("unified arm64-4k: read | read @ 3:7")
    #expect(
      outcome.complaints == ["the schedule does not fit: at step 3, CPU 7 cannot go on, at step 3"])
  }
}
