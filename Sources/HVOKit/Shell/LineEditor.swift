// SPDX-License-Identifier: Apache-2.0

/// Reads one line with editing, history and completion.
struct LineEditor {
  let keys: KeyReader
  let prompt: String
  let completion: PathCompletion
  /// The columns of the terminal.
  let columnCount: Int
  /// Takes what appears on the terminal.
  let write: (String) -> Void

  /// How the reading of a line ended.
  enum Outcome: Equatable {
    case line(String)
    /// Control-C.
    case canceled
    /// Control-D on an empty line, or no more input.
    case ended
  }

  /// Reads a line; the arrows go through `history`.
  func readLine(_ history: [String]) -> Outcome {
    var buffer = LineBuffer()
    var place = history.count
    var draft = LineBuffer()
    show(buffer)
    while let key = keys.next() {
      switch key {
      case .enter:
        write("\r\n")
        return .line(buffer.text)
      case .cancel:
        write("^C\r\n")
        return .canceled
      case .endOfInput where buffer.isEmpty:
        write("\r\n")
        return .ended
      case .up where place > 0:
        if place == history.count { draft = buffer }
        place -= 1
        buffer = LineBuffer(history[place])
      case .down where place < history.count:
        place += 1
        buffer = place == history.count ? draft : LineBuffer(history[place])
      case .tab: complete(&buffer)
      case .clearScreen: write("\u{1B}[H\u{1B}[2J")
      default: edit(&buffer, key)
      }
      show(buffer)
    }
    write("\r\n")
    return .ended
  }

  private func edit(_ buffer: inout LineBuffer, _ key: Key) {
    switch key {
    case .text(let text): buffer.insert(text)
    case .backspace: buffer.deleteBackward()
    case .delete, .endOfInput: buffer.deleteForward()
    case .left: buffer.moveLeft()
    case .right: buffer.moveRight()
    case .home: buffer.moveToStart()
    case .end: buffer.moveToEnd()
    case .deleteToEnd: buffer.deleteToEnd()
    case .deleteToStart: buffer.deleteToStart()
    case .deleteWord: buffer.deleteWordBackward()
    case .enter, .cancel, .tab, .up, .down, .clearScreen, .unknown: break
    }
  }

  /// Extends the word before the cursor as far as it is clear how, or lists what it may become.
  private func complete(_ buffer: inout LineBuffer) {
    let candidates = completion.candidates(for: buffer.textBeforeCursor)
    let prefix = candidates.commonPrefix
    if prefix.count > candidates.wordLength {
      buffer.insert(String(prefix.dropFirst(candidates.wordLength)))
      return
    }
    guard candidates.words.count > 1 else { return }
    let names = candidates.words.map(Self.lastName)
    let width = (names.map(\.count).max() ?? 0) + 2
    let perLine = max(1, columnCount / width)
    write("\r\n")
    for start in stride(from: 0, to: names.count, by: perLine) {
      let cells = names[start..<min(start + perLine, names.count)].map {
        $0 + String(repeating: " ", count: width - $0.count)
      }
      write(cells.joined() + "\r\n")
    }
  }

  /// The last name of a path, with the slash of a directory.
  private static func lastName(_ word: String) -> String {
    let end = word.hasSuffix(" ") || word.hasSuffix("/") ? word.dropLast() : word[...]
    let name = end.lastIndex(of: "/").map { String(end[end.index(after: $0)...]) } ?? String(end)
    return word.hasSuffix("/") ? name + "/" : name
  }

  /// Draws the line; of one that is too long, the part around the cursor.
  private func show(_ buffer: LineBuffer) {
    let room = max(8, columnCount - prompt.count - 1)
    let start = max(0, buffer.cursor - room)
    let visible = String(buffer.characters[start...].prefix(room))
    write("\r\(prompt)\(visible)\u{1B}[K\r")
    let column = prompt.count + buffer.cursor - start
    if column > 0 { write("\u{1B}[\(column)C") }
  }
}
