// SPDX-License-Identifier: Apache-2.0

/// One reading of a host: the files, and what was learned on the way about their worth.
///
/// Each part of the description has its own extension with one `read…()` function. None of them
/// fails: what cannot be read becomes a note, and the part stays empty or is worked out.
struct HostReading {
  /// More notes than anybody reads; a host that deserves more is past describing.
  static let noteLimit = 200

  /// The files, with a record of all that was read.
  var files: HostFiles
  /// Where each fact came from, so far.
  var provenance: [HostDescription.Provenance] = []
  /// What could not be read, so far.
  var notes: [HostDescription.Note] = []

  /// Creates a reading of `files` that has not started.
  init(files: HostFiles) { self.files = files }

  /// Adds a note about the file at `path`.
  mutating func note(_ path: String, _ text: String) {
    let note = HostDescription.Note(path: path, text: text)
    if notes.count < Self.noteLimit, !notes.contains(note) { notes.append(note) }
  }

  /// Adds a note that the file at `path` could not be read, and what was done instead.
  mutating func noteMissing(_ path: String, _ consequence: String) {
    note(path, "\(files.reason(path)); \(consequence)")
  }

  /// Remembers where `fact` came from.
  mutating func trace(
    _ fact: HostDescription.Fact, _ confidence: HostDescription.Confidence, _ sources: String...
  ) {
    provenance.append(.init(fact: fact, sources: sources, confidence: confidence))
  }

  /// The first line of the file at `path`, without blanks around it; `nil` if there is none.
  mutating func line(_ path: String) -> String? {
    guard let line = files.text(path)?.lines.first?.trimmed, !line.isEmpty else { return nil }
    return line
  }

  /// The decimal number that the file at `path` holds.
  ///
  /// A file that is not there is no news; one that holds something else is noted.
  mutating func number(_ path: String) -> UInt? {
    guard let text = files.text(path) else { return nil }
    if let number = HostText.decimal(text.trimmed) { return number }
    note(path, "\(HostText.quote(text)) is not a number; ignored")
    return nil
  }

  /// Adds one note for all the lines of a file that made no sense.
  mutating func note(_ faults: LineFaults, in path: String) {
    guard let first = faults.first else { return }
    let others = faults.count > 1 ? " and \(faults.count - 1) more like it" : ""
    note(path, "line not understood: \(HostText.quote(first))\(others); ignored")
  }
}

/// The lines of one file that made no sense.
struct LineFaults {
  /// How many there were.
  private(set) var count = 0
  /// The first of them.
  private(set) var first: String?

  /// Counts `line`.
  mutating func add(_ line: Substring) {
    count += 1
    if first == nil { first = String(line.prefix(80)) }
  }
}

extension HostText {
  /// Text from a file in quotation marks, fit for a terminal.
  static func quote(_ text: String) -> String { "\"\(printable(text.trimmed))\"" }
}
