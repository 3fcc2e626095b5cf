// SPDX-License-Identifier: Apache-2.0

/// Lines of several kernels that are about the same thing.
struct AnswerRow: Equatable {
  /// What one kernel has in this row.
  enum Cell: Equatable {
    case line(AnswerLine)
    /// The kernel printed no such line.
    case absent
    /// The kernel printed nothing at all for an error that those which print do not have; that
    /// says nothing about this line.
    case silent

    var line: AnswerLine? { if case .line(let line) = self { line } else { nil } }
  }

  /// What is shown of a kernel that has no such line.
  static let absent = "absent"

  /// A cell for each kernel.
  var cells: [Cell]

  private var lines: [AnswerLine] { cells.compactMap(\.line) }

  /// Whether the kernels that printed anything do not all say the same.
  var differs: Bool { cells.contains(.absent) || !isOneText }

  private var isOneText: Bool { lines.dropFirst().allSatisfy { $0.text == lines[0].text } }

  /// What lines that belong here have as their token.
  var token: String { lines.first?.token ?? "" }

  /// Whether no kernel's line has a name.
  var isNameless: Bool { lines.allSatisfy { $0.name == nil } }

  /// The name that all lines have; nil if they have none, or several.
  var sharedName: String? {
    lines.allSatisfy { $0.name == lines[0].name } ? lines.first?.name : nil
  }

  /// Whether all lines are the same and say nothing but that they are there.
  private var isOnePhrase: Bool { !lines.isEmpty && isOneText && lines[0].value == nil }

  /// Whether lines show as their values, behind the name. Lines that differ in nothing but their
  /// blanks show in full.
  var showsValues: Bool {
    sharedName != nil
      && (cells.contains(.absent) || lines.contains { $0.value != lines[0].value })
  }

  /// What all lines share: themselves, or their name.
  var label: String { isOnePhrase ? lines[0].text : showsValues ? sharedName ?? "" : "" }

  /// What is shown of each kernel; nil for a kernel that is silent.
  var texts: [String?] {
    cells.map { cell in
      switch cell {
      case .line(let line): isOnePhrase ? "present" : showsValues ? line.value : line.text
      case .absent: Self.absent
      case .silent: nil
      }
    }
  }

  /// The text of the first kernel that has the line.
  var firstText: String { lines.first?.text ?? "" }
}
