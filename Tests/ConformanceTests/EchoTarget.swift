// SPDX-License-Identifier: Apache-2.0

import HVOKit

/// A target that answers what the record says, as a perfect twin would; except where it is told
/// to damage an answer.
struct EchoTarget: RecordTarget {
  private var actions: ArraySlice<RecordedAction>
  private var observations: ArraySlice<(step: String, seen: Observation)>
  private let damage: (String, inout Observation) -> Void

  /// Creates an echo of `record` that passes each observation, with its step, through `damage`.
  init(of record: Record, damage: @escaping (String, inout Observation) -> Void = { _, _ in }) {
    self.damage = damage
    actions = record.steps.flatMap(\.actions)[...]
    let afterSteps = record.steps.compactMap { step in step.after.map { (step.name, $0) } }
    observations = ([("boot", record.boot)] + afterSteps)[...]
  }

  mutating func perform(_ action: RecordAction) -> ActionOutcome {
    guard let next = actions.popFirst() else { return .unsupported(reason: "no such action") }
    guard next.action == action else { return .unsupported(reason: "not the next action") }
    switch next.expectation {
    case .unknown: return .done
    case .errno(let name): return .errno(name)
    case .fails(let fails): return .errno(fails ? "EIO" : "OK")
    case .text(let text): return .text(text + "\n")
    case .lines(let lines): return .lines(lines)
    case .refused(let blocks): return .refused(blocks)
    }
  }

  mutating func observe() -> Observation {
    guard var next = observations.popFirst() else { return Observation() }
    damage(next.step, &next.seen)
    return next.seen
  }
}
