// SPDX-License-Identifier: Apache-2.0

/// Makes a scenario that fails as small as it can be and still fail in the same way.
///
/// Operations go first, in ever smaller runs; then pieces of the machine and boot parameters; then
/// numbers get smaller.
public struct Shrinker {
  /// Whether a scenario fails in the way that is of interest.
  private let fails: (Scenario) -> Bool
  /// How many scenarios may still be tried.
  private var budget: Int

  /// - Parameter budget: how many scenarios are tried at most.
  public init(budget: Int = 2000, fails: @escaping (Scenario) -> Bool) {
    (self.budget, self.fails) = (budget, fails)
  }

  /// The smallest scenario that was found.
  ///
  /// - Precondition: `scenario` fails.
  public mutating func shrink(_ scenario: Scenario) -> Scenario {
    var best = scenario
    var last: Scenario
    repeat {
      last = best
      best = withoutOperations(best)
      best = withSimplerMachine(best)
      best = withSmallerNumbers(best)
    } while best != last && budget > 0
    return best
  }

  private mutating func accepts(_ candidate: Scenario) -> Bool {
    guard budget > 0 else { return false }
    budget -= 1
    return fails(candidate)
  }

  private mutating func withoutOperations(_ scenario: Scenario) -> Scenario {
    var best = scenario
    var length = best.operations.count
    while length > 0 {
      var start = best.operations.count - length
      while start >= 0 {
        var candidate = best
        let end = min(start + length, candidate.operations.count)
        candidate.operations.removeSubrange(start..<end)
        if start < end, accepts(candidate) { best = candidate }
        start -= length
      }
      length = length > best.operations.count ? best.operations.count : length / 2
    }
    return best
  }

  private mutating func withSimplerMachine(_ scenario: Scenario) -> Scenario {
    var best = scenario
    for index in best.machine.parameters.indices.reversed() {
      var candidate = best
      candidate.machine.parameters.remove(at: index)
      if accepts(candidate) { best = candidate }
    }
    for index in best.machine.pieces.indices.reversed() where best.machine.pieces.count > 1 {
      var candidate = best
      candidate.machine.pieces.remove(at: index)
      if accepts(candidate) { best = candidate }
    }
    for change: (inout LabMachine) -> Void in [
      { $0.memorylessNodes = [] }, { $0.cpuCount = 1 }, { $0.room = 0 },
      { for index in $0.pieces.indices { $0.pieces[index].node = 0 } },
    ] {
      var candidate = best
      change(&candidate.machine)
      if candidate != best, accepts(candidate) { best = candidate }
    }
    return best
  }

  private mutating func withSmallerNumbers(_ scenario: Scenario) -> Scenario {
    var best = scenario
    for index in best.operations.indices {
      for smaller in Self.simplerLines(best.operations[index]) {
        var candidate = best
        candidate.operations[index] = smaller
        if accepts(candidate) { best = candidate }
      }
    }
    return best
  }

  /// The line with one of its decimal numbers made smaller, the boldest change first.
  static func simplerLines(_ line: String) -> [String] {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    var lines: [String] = []
    for (place, word) in words.enumerated() {
      guard let number = UInt(word), number > 0 else { continue }
      for smaller in [0, 1, number / 2, number - 1] where smaller < number {
        var changed = words.map(String.init)
        changed[place] = "\(smaller)"
        lines.append(changed.joined(separator: " "))
      }
    }
    return lines
  }
}
