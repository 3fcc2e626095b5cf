// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The lines typed before, kept in a file between sessions.
///
/// A history that cannot be read or saved is not worth a complaint: it is just not there.
struct ShellHistory {
  /// The most lines that are kept.
  static let limit = 1000

  private(set) var lines: [String] = []
  private let path: String?

  /// The history in the file at `path`; one that is forgotten with the session if that is nil.
  init(path: String?) {
    self.path = path
    guard let path, let data = FileManager.default.contents(atPath: path),
      data.count <= InputFile.limit
    else { return }
    lines = String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(Self.limit)
      .map(String.init)
  }

  /// Where the history of this user is: below `XDG_STATE_HOME`, or `~/.local/state`.
  static func path(_ environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
      return "\(state)/hvo/history"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return "\(home)/.local/state/hvo/history"
  }

  /// Adds a line, unless it is blank or the same as the last one.
  mutating func add(_ line: String) {
    guard line.contains(where: { $0 != " " }), line != lines.last else { return }
    lines.append(line)
    if lines.count > Self.limit { lines.removeFirst(lines.count - Self.limit) }
  }

  /// Writes the history to its file, readable for the user alone.
  func save() {
    guard let path else { return }
    let directory = (path as NSString).deletingLastPathComponent
    let files = FileManager.default
    try? files.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let text = lines.map { $0 + "\n" }.joined()
    try? Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    try? files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }
}
