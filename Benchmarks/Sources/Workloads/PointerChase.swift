// SPDX-License-Identifier: Apache-2.0

/// A ring of pointers, one in each cache line: following it is nothing but dependent loads.
@safe
public final class PointerChase {
  private let lines: UnsafeMutableRawPointer
  private let lineCount: Int
  private static let lineByteCount = 64

  /// A ring through all lines of `byteCount` bytes, in an order that no prefetcher guesses.
  public init(byteCount: Int) {
    lineCount = byteCount / Self.lineByteCount
    unsafe lines = .allocate(byteCount: byteCount, alignment: 4096)
    var order = Array(0..<lineCount)
    var random = SplitMix64(state: 1)
    order.shuffle(using: &random)
    for (position, line) in order.enumerated() {
      let next = order[(position + 1) % lineCount]
      unsafe (lines + line * Self.lineByteCount).storeBytes(
        of: lines + next * Self.lineByteCount, as: UnsafeMutableRawPointer.self)
    }
  }

  deinit {
    unsafe lines.deallocate()
  }

  /// Follows `count` pointers.
  ///
  /// - Returns: where that leads, so that it has to be done.
  @inline(never)
  public func follow(_ count: Int) -> UInt {
    var pointer = unsafe lines
    for _ in 0..<count { unsafe pointer = pointer.load(as: UnsafeMutableRawPointer.self) }
    return UInt(bitPattern: pointer)
  }
}

/// A small generator with a known start: the same order on every run.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed &>> 31)
  }
}
