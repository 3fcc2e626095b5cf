// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

@Suite struct `Runs of frames` {
  /// Collects frames of `pattern`, and takes them out again.
  private func collect(
    _ pattern: [UInt], byFrame: Bool
  ) throws -> (frames: [UInt], runs: Int) {
    let host = try TestHost(memory: 128 << 20)
    let vmemmap = host.subsystem.vmemmap
    var runs = FrameRuns()
    for number in pattern {
      let pfn = PageFrameNumber(0x4000 + number)
      runs.append(pfn..<pfn.advanced(by: 1), vmemmap)
    }
    let total = runs.pageCount
    #expect(total == UInt(pattern.count))
    var found: [UInt] = []
    var count = 0
    if byFrame {
      while let part = runs.popFrames(upTo: 1, vmemmap) {
        found.append(part.lowerBound.rawValue - 0x4000)
        count += 1
      }
    } else {
      while let run = runs.popRun(vmemmap) {
        found += run.map { $0.rawValue - 0x4000 }
        count += 1
      }
    }
    let isEmpty = runs.isEmpty
    #expect(isEmpty)
    return (found.sorted(), count)
  }

  @Test func `neighbours become one run, from either side`() throws {
    #expect(try collect([5, 6, 7, 4, 3, 8], byFrame: false) == ([3, 4, 5, 6, 7, 8], 1))
  }

  @Test func `runs that meet become one, from either side`() throws {
    #expect(try collect([0, 2, 1], byFrame: false) == ([0, 1, 2], 1))
    // Neighbours that come in pairs, the second one first.
    let pairs = (0..<64).flatMap { [UInt(2 * $0 + 1), UInt(2 * $0)] }
    #expect(try collect(pairs, byFrame: false) == (pairs.sorted(), 1))
    #expect(try collect(pairs.reversed(), byFrame: true) == (pairs.sorted(), 128))
  }

  @Test func `runs that take turns grow side by side`() throws {
    let pattern = (0..<40).flatMap { step in (0..<8).map { UInt($0 * 1000 + step) } }
    let found = try collect(pattern, byFrame: false)
    #expect(found == (pattern.sorted(), 8))
  }

  @Test(arguments: [false, true])
  func `any number of runs comes back whole, each frame once`(byFrame: Bool) throws {
    var random = SplitMix(seed: 7)
    let pattern = Array(Set((0..<900).map { _ in UInt.random(in: 0..<4000, using: &random) }))
      .shuffled(using: &random)
    #expect(try collect(pattern, byFrame: byFrame).frames == pattern.sorted())
  }

  @Test(arguments: [false, true])
  func `frames far apart from each other all come back`(byFrame: Bool) throws {
    let pattern = (0..<200).map { UInt($0 * 7) }
    #expect(try collect(pattern, byFrame: byFrame).frames == pattern)
  }

  @Test func `dropping frames traps`() async {
    await #expect(processExitsWith: .failure) {
      let host = try TestHost(memory: 128 << 20)
      var runs = FrameRuns()
      let pfn = PageFrameNumber(0x4000)
      runs.append(pfn..<pfn.advanced(by: 1), host.subsystem.vmemmap)
    }
  }
}
