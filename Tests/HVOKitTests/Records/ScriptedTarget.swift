// SPDX-License-Identifier: Apache-2.0

import HVOKit

/// A target that answers what it has been given, in turn; then it knows nothing any more.
struct ScriptedTarget: RecordTarget {
  var outcomes: ArraySlice<ActionOutcome> = []
  var observations: ArraySlice<Observation> = []
  private(set) var performed: [RecordAction] = []

  init(outcomes: [ActionOutcome] = [], observations: [Observation] = []) {
    (self.outcomes, self.observations) = (outcomes[...], observations[...])
  }

  mutating func perform(_ action: RecordAction) -> ActionOutcome {
    performed.append(action)
    return outcomes.popFirst() ?? .unsupported(reason: "nothing is scripted")
  }

  mutating func observe() -> Observation { observations.popFirst() ?? Observation() }
}
