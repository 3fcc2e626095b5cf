// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

// What is said about lines that did not go as wanted, in the words of `hvo run`.

extension ScriptExecution.Record {
  /// Whether it is an expectation of this kernel.
  var isJudged: Bool {
    if case .expect = line.command { result != .skipped } else { false }
  }

  /// Appends why the line did not go as wanted.
  func describeFailure(to sink: inout TextSink) {
    guard violations.isEmpty else {
      sink.append(count: violations.count, "invariant")
      return sink.append(" violated")
    }
    switch result {
    case .succeeded, .failedAsExpected, .skipped: return
    case .failed(let error):
      sink.append(error.name)
      sink.append(" (")
      sink.append(error.meaning)
      sink.append(")")
    case .unmet(let wanted, let found):
      sink.append("wanted '")
      sink.append(harmless: wanted[...], limit: 60)
      sink.append("', found '")
      sink.append(harmless: found[...], limit: 60)
      sink.append("'")
    case .violated(let count):
      sink.append(count: count, "invariant")
      sink.append(" violated")
    case .nothingThere:
      sink.append("there is no such CPU, node, size of pages, mapping or area")
    }
  }
}

extension TextSink {
  /// Appends a number and the word that fits it.
  mutating func append(count: Int, _ singular: StaticString) {
    appendGrouped(UInt(count))
    append(" ")
    append(singular)
    if count != 1 { append("s") }
  }

  /// Appends a number with a comma before each three digits.
  private mutating func appendGrouped(_ number: UInt) {
    guard number >= 1000 else { return appendDecimal(number) }
    appendGrouped(number / 1000)
    append(",")
    for place: UInt in [100, 10, 1] { appendDecimal(number / place % 10) }
  }

  /// Appends at most `limit` characters of `text`; those that would do something to a terminal, as
  /// `?`.
  mutating func append(harmless text: ArraySlice<UInt8>, limit: Int = 200) {
    var left = limit
    for byte in text {
      // Further bytes of a character do not count.
      if byte & 0b1100_0000 != 0b1000_0000 { left -= 1 }
      guard left >= 0 else { return append("…") }
      append(byte: byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
    }
  }
}
