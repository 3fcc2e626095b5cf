// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Stretches of addresses, as a list that is searched from its start: what the tree must agree with.
private struct StretchList {
  var ranges: [Range<VirtualAddress>] = []

  mutating func insert(_ range: Range<VirtualAddress>) {
    ranges.append(range)
    ranges.sort { $0.lowerBound < $1.lowerBound }
  }

  /// The lowest place in a gap that holds `length` bytes.
  func start(_ wish: AddressTree<Int>.Wish, length: UInt) -> VirtualAddress? {
    var low = wish.bounds.lowerBound
    for range in ranges + [wish.bounds.upperBound..<VirtualAddress(.max)] {
      let high = min(range.lowerBound, wish.bounds.upperBound)
      if low < high, (low..<high).byteCount >= length, let start = wish.start(in: low..<high) {
        return start
      }
      low = max(low, range.upperBound)
    }
    return nil
  }

  func start(_ wish: AddressTree<Int>.Wish) -> VirtualAddress? {
    let slack = wish.alignment > 1 ? wish.alignment - 1 : 0
    return start(wish, length: wish.byteCount + slack) ?? start(wish, length: wish.byteCount)
  }
}

@Suite struct `Trees of address ranges` {
  private func range(_ start: UInt, _ end: UInt) -> Range<VirtualAddress> {
    VirtualAddress(start)..<VirtualAddress(end)
  }

  @Test func `an empty tree finds nothing, and all of its bounds free`() {
    let tree = AddressTree<Int>()
    #expect(tree.value(containing: VirtualAddress(0)) == nil)
    #expect(tree.isSound)
    let wish = AddressTree<Int>.Wish(byteCount: 10, alignment: 1, bounds: range(5, 15))
    #expect(tree.lowestFreeStart(for: wish, granule: 1) == VirtualAddress(5))
    let tooLong = AddressTree<Int>.Wish(byteCount: 11, alignment: 1, bounds: range(5, 15))
    #expect(tree.lowestFreeStart(for: tooLong, granule: 1) == nil)
  }

  @Test func `an address belongs to the stretch around it`() {
    var tree = AddressTree<String>()
    tree.insert(range(10, 20), "a")
    tree.insert(range(30, 31), "b")
    #expect(tree.value(containing: VirtualAddress(9)) == nil)
    #expect(tree.value(containing: VirtualAddress(10)) == "a")
    #expect(tree.value(containing: VirtualAddress(19)) == "a")
    #expect(tree.value(containing: VirtualAddress(20)) == nil)
    #expect(tree.value(containing: VirtualAddress(30)) == "b")
    #expect(tree.value(startingAt: VirtualAddress(11)) == nil)
    #expect(tree.remove(startingAt: VirtualAddress(11)) == nil)
    #expect(tree.remove(startingAt: VirtualAddress(10)) == "a")
    #expect(tree.value(containing: VirtualAddress(15)) == nil)
    #expect(tree.count == 1)
  }

  @Test func `a stretch that fits only where it happens to be aligned is found last`() {
    var tree = AddressTree<Int>()
    tree.insert(range(0, 96), 0)
    tree.insert(range(128, 200), 1)
    let bounds = range(0, 200)
    let wish = AddressTree<Int>.Wish(byteCount: 32, alignment: 32, bounds: bounds)
    #expect(tree.lowestFreeStart(for: wish, granule: 1) == VirtualAddress(96))
    let wide = AddressTree<Int>.Wish(byteCount: 32, alignment: 32, bounds: range(0, 400))
    #expect(tree.lowestFreeStart(for: wide, granule: 1) == VirtualAddress(224))
  }

  @Test func `no size and no alignment overflows`() {
    var tree = AddressTree<Int>()
    tree.insert(range(.max - 20, .max - 10), 0)
    let bounds = range(0, .max)
    for byteCount: UInt in [1 << 63, .max - 1, .max] {
      for alignment: UInt in [1, 1 << 32, 1 << 63] {
        let wish = AddressTree<Int>.Wish(
          byteCount: byteCount, alignment: alignment, bounds: bounds)
        let start = tree.lowestFreeStart(for: wish, granule: 1)
        #expect(start == (byteCount == 1 << 63 ? VirtualAddress(0) : nil))
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func `random stretches are where a list would have them`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var tree = AddressTree<Int>()
    var list = StretchList()
    for step in 0..<1500 {
      if Int.random(in: 0..<5, using: &random) < 3 {
        let low = UInt.random(in: 0..<4000, using: &random)
        let wish = AddressTree<Int>.Wish(
          byteCount: UInt.random(in: 1...60, using: &random),
          alignment: 1 << UInt.random(in: 0...6, using: &random),
          bounds: range(low, low + UInt.random(in: 1...8000, using: &random)))
        let start = tree.lowestFreeStart(for: wish, granule: 1)
        #expect(start == list.start(wish))
        guard let start else { continue }
        let stretch = start..<start.advanced(byBytes: wish.byteCount)
        tree.insert(stretch, step)
        list.insert(stretch)
      } else if let victim = list.ranges.randomElement(using: &random) {
        #expect(tree.remove(startingAt: victim.lowerBound) != nil)
        list.ranges.removeAll { $0 == victim }
      }
      #expect(tree.isSound)
    }
    var found: [Range<VirtualAddress>] = []
    tree.forEach { range, _ in found.append(range) }
    #expect(found == list.ranges)
    #expect(tree.count == list.ranges.count)
  }

  @Test(arguments: [false, true])
  func `a hundred thousand stretches are at most 24 steps deep`(descending: Bool) {
    var tree = AddressTree<Int>()
    for index in 0..<100_000 {
      let start = UInt(descending ? 100_000 - index : index) * 3
      tree.insert(range(start, start + 2), index)
    }
    // An AVL tree is at most 1.44 log2 n deep.
    #expect(tree.depth <= 24)
    #expect(tree.isSound)
    for index in stride(from: UInt(descending ? 1 : 0), to: 100_000, by: 2) {
      #expect(tree.remove(startingAt: VirtualAddress(index * 3)) != nil)
    }
    #expect(tree.depth <= 23)
    #expect(tree.isSound)
  }
}
