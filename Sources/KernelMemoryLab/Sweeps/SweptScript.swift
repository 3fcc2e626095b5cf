// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// An operation to fail, as lines of a script.
///
/// A line that says that it failed has to leave everything as it was. One that succeeds with less
/// memory has only to leave a sound state, and so has one that says how far it came.
public struct SweptScript: Sendable {
  /// What reports call it.
  public var name: String
  /// The boot parameters it needs.
  public var parameters: [String] = []
  /// What happens first.
  public var before: [String] = []
  /// What is made to fail; it may depend on where things lie.
  public var operation: @Sendable (LabHost) -> [String]
  /// What comes to where an undisturbed operation comes; nil if nothing surely does.
  public var completion: [String]?
  /// The beginnings of figures that may differ though a line failed: how far it came.
  public var progress: [String] = []

  /// Describes an operation whose lines are always the same.
  public init(
    _ name: String, parameters: [String] = [], before: [String] = [], _ lines: [String],
    completion: [String]? = nil, progress: [String] = []
  ) {
    self.init(
      name, parameters: parameters, before: before, completion: completion, progress: progress
    ) { _ in lines }
  }

  /// Describes an operation whose lines are known once what happens first has happened.
  public init(
    _ name: String, parameters: [String] = [], before: [String] = [],
    completion: [String]? = nil, progress: [String] = [],
    lines: @escaping @Sendable (LabHost) -> [String]
  ) {
    (self.name, self.parameters, self.before) = (name, parameters, before)
    (self.completion, self.progress, operation) = (completion, progress, lines)
  }

  /// Where the operation works, and what its lines said.
  struct State {
    let runner: ScriptRunner
    let lines: [String]
    var hasFailed = false
    /// A line that no script has.
    var unreadable: String?

    mutating func run(_ lines: [String]) {
      for line in lines {
        guard let script = try? Script(Array(line.utf8)[...]) else {
          unreadable = line
          continue
        }
        for line in script.lines {
          var output = TextSink()
          let outcome = runner.run(line.command, line: 0, output: &output)
          if case .failed = outcome.result { hasFailed = true }
        }
      }
    }
  }

  /// All lines that show what happens on `host`, fresh, if `directive` makes allocations fail.
  func lines(on host: LabHost, failing directive: String) -> [String] {
    var state = State(runner: ScriptRunner(InterfaceTree(host.subsystem)), lines: [])
    state.run(before)
    let lines = before + [directive] + operation(host) + ["#@ fail-nothing", "#@ check"]
    return lines + (completion ?? [])
  }

  /// The operation for a ``FailureSweep``.
  var swept: SweptOperation<State> {
    let (before, operation, completion, progress) = (before, operation, completion, progress)
    var swept = SweptOperation<State>(
      name: name,
      prepare: { host in
        var first = State(runner: ScriptRunner(InterfaceTree(host.subsystem)), lines: [])
        first.run(before)
        return State(runner: first.runner, lines: operation(host), unreadable: first.unreadable)
      },
      perform: { _, state in state.run(state.lines) },
      verdict: { _, state, attempt in
        if let line = state.unreadable { return ["this is no line of a script: \(line)"] }
        guard state.hasFailed, state.lines.count == 1 else { return [] }
        return attempt.differencesInUse.filter { difference in
          !progress.contains { difference.hasPrefix($0) }
        }
      },
      complete: { _, state in state.run(completion ?? []) })
    swept.ending = completion == nil ? .open : .sameUse
    return swept
  }
}
