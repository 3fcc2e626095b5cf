// SPDX-License-Identifier: Apache-2.0

/// A fixed number of bits, with a fast way to the lowest one that is set.
///
/// The owner guards it with a lock of its own.
@safe final class BitMap: @unchecked Sendable {
  /// The number of bits.
  let bitCount: Int
  /// The number of bits that are set.
  private(set) var population = 0
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int
  /// No word below this one has a bit.
  private var lowestUsedWord = 0

  /// `bitCount` bits, all clear.
  init(bitCount: Int) {
    self.bitCount = bitCount
    wordCount = (bitCount + 63) / 64
    unsafe words = .allocate(capacity: max(wordCount, 1))
    unsafe words.initialize(repeating: 0, count: max(wordCount, 1))
    lowestUsedWord = wordCount
  }

  deinit {
    unsafe words.deallocate()
  }

  /// The bit at `index`; out of range reads as clear.
  subscript(_ index: Int) -> Bool {
    get {
      guard index >= 0, index < bitCount else { return false }
      return unsafe words[index >> 6] & (1 << UInt64(index & 63)) != 0
    }
    set {
      precondition(index >= 0 && index < bitCount, "a bit lies inside its map")
      let mask = UInt64(1) << UInt64(index & 63)
      guard (unsafe words[index >> 6] & mask != 0) != newValue else { return }
      unsafe words[index >> 6] ^= mask
      population += newValue ? 1 : -1
      if newValue { lowestUsedWord = min(lowestUsedWord, index >> 6) }
    }
  }

  /// The lowest bit that is set.
  var first: Int? {
    while lowestUsedWord < wordCount {
      let word = unsafe words[lowestUsedWord]
      if word != 0 { return lowestUsedWord << 6 + word.trailingZeroBitCount }
      lowestUsedWord += 1
    }
    return nil
  }
}
