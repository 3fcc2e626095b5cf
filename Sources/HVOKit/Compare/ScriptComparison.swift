// SPDX-License-Identifier: Apache-2.0

/// One script on several kernels, side by side: what does an upgrade change?
public struct ScriptComparison {
  /// The script's file.
  let script: String
  /// The kernels' names, in the order in which they were asked for.
  let kernels: [String]
  /// All lines of the script.
  let lines: [LineComparison]

  /// Compares `runs`, which are all of the same script.
  init(_ runs: [ScriptRunReport.Run]) {
    script = runs.first?.script ?? ""
    kernels = runs.map(\.kernel)
    let count = runs.map(\.lines.count).min() ?? 0
    lines = (0..<count).map { index in LineComparison(runs.map { $0.lines[index] }) }
  }

  /// What comes with one kernel that the one before did otherwise.
  struct Change {
    let from: String
    let to: String
    /// The numbers of the lines.
    let lines: [Int]
  }

  /// What changes from each kernel to the next.
  var changes: [Change] {
    kernels.indices.dropFirst().map { kernel in
      Change(
        from: kernels[kernel - 1], to: kernels[kernel],
        lines: lines.filter { $0.changes(withKernel: kernel) }.map(\.number))
    }
  }

  /// What went otherwise than the script wants, for people: a sentence for each line and way.
  public var complaints: [String] {
    lines.flatMap { line in
      KernelGroup.groups(line.answers.map { $0.ending.failure }, of: kernels).compactMap { group in
        guard let failure = group.content else { return nil }
        let text = InputError.harmless(line.text.filter { $0 != "\r" })
        return "\(script): line \(line.number): \(text): on \(group.names): \(failure)"
      }
    }
  }
}

/// Kernels that have the same to say, and what that is.
struct KernelGroup<Content: Equatable> {
  /// The kernels' names with commas between.
  private(set) var names: String
  let content: Content

  /// The groups of `kernels`, of which each has the content at its place.
  static func groups(_ contents: [Content], of kernels: [String]) -> [KernelGroup] {
    var groups: [KernelGroup] = []
    for (kernel, content) in zip(kernels, contents) {
      if let index = groups.firstIndex(where: { $0.content == content }) {
        groups[index].names += ", \(kernel)"
      } else {
        groups.append(KernelGroup(names: kernel, content: content))
      }
    }
    return groups
  }
}
