// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Search for contiguous memory` {
  private let gigabyte = PageOrder(18)

  private func take(from allocator: PageAllocator) -> PageFrameNumber? {
    allocator.allocateContiguous(gigabyte, on: NodeID(0), [.thisNode])
  }

  private func giveBack(_ head: PageFrameNumber, to allocator: PageAllocator) {
    allocator.freeRun(FrameRange(start: head, pageCount: gigabyte.pageCount))
  }

  /// All blocks that a host can give, in the order of its zones, taken and given back.
  private func blocks(of allocator: PageAllocator) -> [PageFrameNumber] {
    var found: [PageFrameNumber] = []
    while let head = take(from: allocator) { found.append(head) }
    for head in found { giveBack(head, to: allocator) }
    return found
  }

  @Test func `whatever was taken and given back, the first free block is found`() throws {
    let allocator = try TestHost(memory: 16 << 30).subsystem.allocator
    let all = blocks(of: allocator)
    #expect(all.count >= 12)
    var held: [PageFrameNumber] = []
    var state: UInt64 = 0x5eed
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if state >> 63 == 0, !held.isEmpty {
        giveBack(held.remove(at: Int(state >> 33) % held.count), to: allocator)
      } else {
        let expected = all.first { !held.contains($0) }
        let found = take(from: allocator)
        #expect(found == expected)
        if let found { held.append(found) }
      }
    }
  }

  @Test func `a block with one frame in use is passed over until that frame is free`() throws {
    let allocator = try TestHost(memory: 16 << 30).subsystem.allocator
    let all = blocks(of: allocator)
    let first = try #require(take(from: allocator))
    // All of the block but its last frame is free.
    let last = first.advanced(by: Int(gigabyte.pageCount) - 1)
    allocator.freeRun(first..<last)
    #expect(take(from: allocator) == all[1])
    #expect(take(from: allocator) == all[2])
    allocator.freeRun(last..<last.advanced(by: 1))
    #expect(take(from: allocator) == first)
    #expect(take(from: allocator) == all[3])
  }

  @Test func `a search for another size starts from the bottom`() throws {
    let allocator = try TestHost(memory: 16 << 30).subsystem.allocator
    let all = blocks(of: allocator)
    let first = try #require(take(from: allocator))
    let half = PageOrder(17)
    allocator.freeRun(FrameRange(start: first, pageCount: half.pageCount))
    #expect(take(from: allocator) == all[1])
    #expect(allocator.allocateContiguous(half, on: NodeID(0), [.thisNode]) == first)
    #expect(take(from: allocator) == all[2])
  }
}
