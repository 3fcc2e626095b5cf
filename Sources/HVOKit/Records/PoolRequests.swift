// SPDX-License-Identifier: Apache-2.0

/// The numbers that a step writes to files and reads back.
///
/// If more pages are asked for than fit, the file says how many there are then. That is as much
/// chance as the pool is, and may differ by as much: a recorded 7.2 answers 438, 443 and 444 to the
/// same request on one machine. A step whose requests have all been taken back at its end has no
/// slack of its own; then that of the record's other steps counts.
struct PoolRequests {
  /// How many pages more or fewer may be read back.
  let slack: Int
  /// By path, what was written last.
  private var written: [String: UInt64] = [:]

  init(slack: Int) { self.slack = slack }

  /// Whether the answer `found` to `recorded` says how much of a request fit, and is near enough.
  mutating func allow(_ recorded: RecordedAction, _ found: ActionOutcome) -> Bool {
    switch recorded.action {
    case .write(let path, let value, _):
      written[path] = found.isFailure ? written[path] : UInt64(value)
      return false
    case .read(let path):
      guard let request = written[path], case .text(let wanted) = recorded.expectation,
        case .text(let answer) = found.value, let wanted = UInt64(wanted),
        let answer = UInt64(answer)
      else { return false }
      let didNotFit = wanted < request && answer < request
      return didNotFit && wanted.distance(to: answer).magnitude <= UInt(max(0, slack))
    default: return false
    }
  }
}

extension Record {
  /// The most that chance explains in any step.
  ///
  /// - Unit: huge pages.
  var largestSlack: Int { steps.compactMap(\.poolSlack).max() ?? 0 }
}
