// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Lists of frames` {
  private let host: TestHost
  private let frames: [PageFrameNumber]

  init() throws {
    host = try TestHost(memory: 64 << 20)
    let allocator = host.subsystem.allocator
    frames = (0..<8).compactMap { _ in
      allocator.allocateBlock(.page, on: NodeID(0), [.movable])
    }
  }

  private var vmemmap: Vmemmap { host.subsystem.vmemmap }

  private func contents(of list: FrameList) -> [PageFrameNumber] {
    var contents: [PageFrameNumber] = []
    vmemmap.forEach(in: list) { pfn in
      contents.append(pfn)
      return true
    }
    return contents
  }

  @Test func `frames come out at the end at which they were put in`() {
    var list = FrameList()
    #expect(list.isEmpty)
    vmemmap.pushFront(frames[0], on: &list)
    vmemmap.pushFront(frames[1], on: &list)
    vmemmap.pushBack(frames[2], on: &list)
    #expect(contents(of: list) == [frames[1], frames[0], frames[2]])
    #expect(list.count == 3)
    #expect(vmemmap.popFront(of: &list) == frames[1])
    #expect(vmemmap.popFront(of: &list) == frames[0])
    #expect(vmemmap.popFront(of: &list) == frames[2])
    #expect(vmemmap.popFront(of: &list) == nil)
    #expect(list.isEmpty && list.count == 0)
  }

  @Test func `links are addresses of descriptors, zero at the ends`() {
    var list = FrameList()
    for pfn in frames.prefix(3) { vmemmap.pushBack(pfn, on: &list) }
    let addresses = frames.map { UInt64(vmemmap.address(of: $0).rawValue) }
    #expect(list.first == addresses[0])
    #expect(list.last == addresses[2])
    vmemmap.with(frames[0], for: .load) { words in
      #expect(words.previous == 0 && words.link == addresses[1])
    }
    vmemmap.with(frames[1], for: .load) { words in
      #expect(words.previous == addresses[0] && words.link == addresses[2])
    }
    vmemmap.with(frames[2], for: .load) { words in
      #expect(words.previous == addresses[1] && words.link == 0)
    }
  }

  @Test(arguments: 0..<4)
  func `a frame is taken out anywhere, and forgets where it was`(index: Int) {
    var list = FrameList()
    for pfn in frames.prefix(4) { vmemmap.pushBack(pfn, on: &list) }
    vmemmap.remove(frames[index], from: &list)
    var rest = Array(frames.prefix(4))
    rest.remove(at: index)
    #expect(contents(of: list) == rest)
    #expect(list.count == 3)
    vmemmap.with(frames[index], for: .load) { #expect($0.link == 0 && $0.previous == 0) }
    #expect(vmemmap.first(of: list) == rest.first)
    vmemmap.pushBack(frames[index], on: &list)
    #expect(contents(of: list) == rest + [frames[index]])
  }

  @Test func `a walk ends when it is told to`() {
    var list = FrameList()
    for pfn in frames { vmemmap.pushBack(pfn, on: &list) }
    var seen = 0
    vmemmap.forEach(in: list) { _ in
      seen += 1
      return seen < 3
    }
    #expect(seen == 3)
  }

  @Test func `no link looks like a tail's word`() {
    var list = FrameList()
    for pfn in frames { vmemmap.pushFront(pfn, on: &list) }
    for pfn in frames { #expect(!vmemmap.with(pfn, for: .load) { $0.isTail }) }
  }
}
