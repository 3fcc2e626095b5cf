// SPDX-License-Identifier: Apache-2.0

import LibFuzzer

/// What libFuzzer calls to change an input: mostly by whole numbers and words of JSON, so that it
/// stays a record, and else by bytes.
@c(LLVMFuzzerCustomMutator)
public func changeInput(
  _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: CUnsignedInt
) -> Int {
  guard seed % 4 != 0 else { return unsafe LLVMFuzzerMutate(start, count, limit) }
  var text = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  var mutator = RecordMutator(seed: UInt64(seed))
  mutator.change(&text)
  guard text.count <= limit else { return unsafe LLVMFuzzerMutate(start, count, limit) }
  let room = unsafe UnsafeMutableBufferPointer(start: start, count: limit)
  _ = unsafe room.update(fromContentsOf: text)
  return text.count
}

/// Changes a word or a number of a JSON text.
private struct RecordMutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private static let numbers = [
    "0", "1", "-1", "2", "8", "511", "512", "513", "4096", "65536", "131072", "2147483647",
    "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615", "1e30",
    "0.5", "1.0", "99999999999999999999999", "null", "true", "[]", "{}", "\"\"",
  ]
  private static let words = [
    "2M", "1G", "2048kB", "1048576kB", "0", "0x0", "0x100000", "0xffffffffffffffff", "usable",
    "reserved", "6.1", "6.12", "7.2", "x86_64", "persistent", "online", "offline", "Movable",
    "Normal", "DMA32", "Device", "online_movable", "memory32", "ok", "EINVAL", "ENOMEM", "EBUSY",
    "hugepages=8", "hugetlb_free_vmemmap=on", "numa=off", "mem=64M", "movable_node",
  ]

  private mutating func next(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return count == 0 ? 0 : Int((state >> 33) % UInt64(count))
  }

  mutating func change(_ text: inout [UInt8]) {
    for _ in 0...next(3) {
      let tokens = Self.tokens(of: text)
      guard !tokens.isEmpty else { return }
      let token = tokens[next(tokens.count)]
      if text[token.lowerBound] == UInt8(ascii: "\"") {
        // A word may also be one that stands elsewhere, with what it means there.
        let word =
          next(2) == 0
          ? Array(text[tokens[next(tokens.count)]])
          : Array("\"\(Self.words[next(Self.words.count)])\"".utf8)
        text.replaceSubrange(token, with: word)
      } else {
        text.replaceSubrange(token, with: Self.numbers[next(Self.numbers.count)].utf8)
      }
    }
  }

  /// Where the words and numbers stand.
  private static func tokens(of text: [UInt8]) -> [Range<Int>] {
    var tokens: [Range<Int>] = []
    var start = 0
    while start < text.count {
      var end = start + 1
      if text[start] == UInt8(ascii: "\"") {
        while end < text.count, text[end] != UInt8(ascii: "\"") { end += 1 }
        end = min(end + 1, text.count)
        tokens.append(start..<end)
      } else if isNumber(text[start]) {
        while end < text.count, isNumber(text[end]) { end += 1 }
        tokens.append(start..<end)
      }
      start = end
    }
    return tokens
  }

  private static func isNumber(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
  }
}
