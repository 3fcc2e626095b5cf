// SPDX-License-Identifier: Apache-2.0

/// A bug that a kernel once had, as a change to our sources; or why we cannot have it.
///
/// A file describes one, as `Mutation/Bugs/README.md` says.
public struct SeededBug: Sendable {
  /// A place in the sources, and what stands there with the bug.
  public struct Edit: Sendable {
    /// The file, from the root of the package.
    public var path = ""
    /// What stands there now, exactly once in the file.
    public var old = ""
    /// What stands there with the bug; `IS_ON` says whether the bug is there.
    public var new = ""
  }

  /// The row of the catalogue: `H8`.
  public var id = ""
  /// What broke in the kernel.
  public var title = ""
  /// What is done here.
  public var fault = ""
  /// Why the bug cannot be: a type or a layer forbids it. Nil if it can.
  public var impossible: String?
  /// What the tests that are expected to find it have in their names, as a regular expression.
  public var tests: String?
  /// Arguments of `hvo torture` that narrow it down to where the bug is.
  public var torture: String?
  public var edits: [Edit] = []

  public init() {}
}

/// What is wrong with the description of a bug.
public struct SeededBugError: Error, CustomStringConvertible {
  public let description: String
}

extension SeededBug {
  /// Reads a description: lines `name: value`, then for each place the three parts that lines
  /// `--- file PATH`, `--- with` and `--- end` mark.
  public init(parsing text: String) throws(SeededBugError) {
    var part = Part.fields
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("--- file ") {
        edits.append(Edit(path: String(line.dropFirst("--- file ".count))))
        part = .old
      } else if line == "--- with" {
        part = .new
      } else if line == "--- end" {
        part = .fields
      } else {
        try add(line, to: part)
      }
    }
    try validate()
  }

  private enum Part { case fields, old, new }

  private mutating func add(_ line: Substring, to part: Part) throws(SeededBugError) {
    switch part {
    case .old: edits[edits.count - 1].old += line + "\n"
    case .new: edits[edits.count - 1].new += line + "\n"
    case .fields:
      guard !line.isEmpty else { return }
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw SeededBugError(description: "no field: \(line)") }
      let value = String(parts[1].drop { $0 == " " })
      switch parts[0] {
      case "id": id = value
      case "title": title = value
      case "fault": fault = value
      case "impossible": impossible = value
      case "tests": tests = value
      case "torture": torture = value
      default: throw SeededBugError(description: "no such field: \(parts[0])")
      }
    }
  }

  private func validate() throws(SeededBugError) {
    guard !id.isEmpty, !title.isEmpty else {
      throw SeededBugError(description: "no id or title")
    }
    guard (impossible == nil) != edits.isEmpty else {
      throw SeededBugError(description: "\(id) is either impossible or has edits")
    }
    guard edits.isEmpty || (!fault.isEmpty && edits.contains { $0.new.contains("IS_ON") }) else {
      throw SeededBugError(description: "\(id) does not say what is done, or is never on")
    }
  }

  /// Puts the bug into the file `path` with the content `text`.
  ///
  /// - Parameter condition: the expression that says whether it is on.
  public func applied(
    to text: String, at path: String, condition: String
  ) throws(SeededBugError) -> String {
    var text = text
    for edit in edits where edit.path == path {
      let count = edit.occurrences(in: text)
      guard count == 1, let range = text.firstRange(of: edit.old) else {
        throw SeededBugError(
          description: "\(id): its place stands in \(path) \(count) times, not once")
      }
      text.replaceSubrange(range, with: edit.new.replacing("IS_ON", with: condition))
    }
    return text
  }
}

extension SeededBug.Edit {
  /// How often the old text stands in `text`.
  public func occurrences(in text: String) -> Int {
    old.isEmpty ? 0 : text.ranges(of: old).count
  }
}
