// SPDX-License-Identifier: Apache-2.0

/// The command line, divided between the kernel itself and the core.
///
/// Words that begin with `metal.` are the kernel's own; the core sees the rest.
struct CommandLine {
  /// What the core gets.
  private(set) var rest: [UInt8] = []
  /// Whether all invariants are checked after each line of a script: `metal.check`.
  private(set) var checksInvariants = false
  /// What the kernel shows of itself when the script is done: `metal.show=NAME`.
  private(set) var show: Show?
  /// One of the kernel's own words that it does not know.
  private(set) var unknownWord: [UInt8]?
  /// What the script is called in messages: `metal.script=NAME`.
  private(set) var scriptName: [UInt8] = Array("script".utf8)

  /// Reads the text in `piece`, by physical address.
  init(_ piece: StartInfo.Piece) {
    guard piece.byteCount > 0 else { return }
    let text = RawMemory.bytes(
      at: KernelMemoryMap.directMap + piece.start, count: piece.byteCount)
    for word in text.split(separator: 0x20) where !take(word) {
      if !rest.isEmpty { rest.append(0x20) }
      rest += word
    }
  }

  /// Reads one of the kernel's own words.
  private mutating func take(_ word: ArraySlice<UInt8>) -> Bool {
    guard word.starts(with: "metal.".utf8) else { return false }
    let text = word.dropFirst("metal.".utf8.count)
    if text.elementsEqual("check".utf8) {
      checksInvariants = true
    } else if text.starts(with: "script=".utf8) {
      scriptName = Array(text.dropFirst("script=".utf8.count))
    } else if text.starts(with: "show=".utf8),
      let known = Show(named: text.dropFirst("show=".utf8.count))
    {
      show = known
    } else {
      unknownWord = Array(word)
    }
    return true
  }
}
