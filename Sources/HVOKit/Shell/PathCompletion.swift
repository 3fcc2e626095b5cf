// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Completes commands, and paths of a twin's tree of files.
struct PathCompletion {
  let tree: InterfaceTree

  /// The words that a line can start with.
  static let commands = ["cat", "echo", "exit", "help", "ls", "printf"]

  /// What can stand in place of the word before the cursor.
  struct Candidates: Equatable {
    /// The word's length in characters.
    var wordLength: Int
    /// The whole words that it may become, sorted.
    var words: [String]

    /// What all words begin with.
    var commonPrefix: String {
      guard let first = words.first else { return "" }
      return words.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    }
  }

  /// What the word at the end of `text` may become.
  func candidates(for text: String) -> Candidates {
    let start = text.lastIndex { $0 == " " || $0 == ">" }.map { text.index(after: $0) }
    let word = String(text[(start ?? text.startIndex)...])
    let isFirst = text.dropLast(word.count).allSatisfy { $0 == " " }
    let words = isFirst && !word.hasPrefix("/") ? commands(word) : paths(word)
    return Candidates(wordLength: word.count, words: words)
  }

  private func commands(_ word: String) -> [String] {
    Self.commands.filter { $0.hasPrefix(word) }.map { $0 + " " }
  }

  /// The paths that begin with `word`; a directory ends in a slash, a file in a blank.
  private func paths(_ word: String) -> [String] {
    let slash = word.lastIndex(of: "/")
    let directory = slash.map { String(word[...$0]) } ?? "/"
    let start = slash.map { String(word[word.index(after: $0)...]) } ?? word
    guard let names = try? tree.entries(of: Array(directory.utf8)[...]) else { return [] }
    return names.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix(start) }
      .map { name in directory + name + ending(of: directory + name) }.sorted()
  }

  private func ending(of path: String) -> String {
    // Links of the tree lead to directories.
    let kind = try? tree.attributes(of: Array(path.utf8)[...]).kind
    return kind == .file ? " " : "/"
  }
}

extension String {
  fileprivate func commonPrefix(with other: String) -> String {
    String(zip(self, other).prefix { $0 == $1 }.map { $0.0 })
  }
}
