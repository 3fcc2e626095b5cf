// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Booting with movable memory` {
  private let present: UInt = 8 << 18 - 256 + 158

  private func roundUp(_ pages: UInt) -> UInt { (pages + 1023) / 1024 * 1024 }

  /// Where the movable zone of a machine with 8 GiB begins, that end at 9 GiB.
  private func movableStart(_ commandLine: String) throws -> UInt? {
    let host = try TestHost(memory: 8 << 30, commandLine: commandLine)
    #expect(host.presentPageCount == present)
    #expect(host.complaints == [])
    return host.zone(.movable)?.span.lowerBound.rawValue
  }

  @Test func `so much of it is movable`() throws {
    #expect(try movableStart("movablecore=2G") == 7 << 18)
    #expect(try movableStart("movablecore=2049M") == 7 << 18 - 1024)
    #expect(try movableStart("movablecore=25%") == roundUp(9 << 18 - roundUp(present / 4)))
    #expect(try movableStart("movablecore=0") == nil)
    #expect(try movableStart("movablecore=banana") == nil)
    #expect(try movableStart("") == nil)
  }

  @Test func `only the highest zone can be movable, all of it at most`() throws {
    #expect(try movableStart("movablecore=7G") == 4 << 18)
    #expect(try movableStart("movablecore=99%") == 4 << 18)
    #expect(try movableStart("movablecore=64G") == 4 << 18)
  }

  @Test func `so much of it is the kernel's`() throws {
    let low: UInt = 3 << 18 - 256 + 158
    #expect(try movableStart("kernelcore=6G") == roundUp(4 << 18 + 6 << 18 - low))
    #expect(try movableStart("kernelcore=50%") == roundUp(4 << 18 + present / 2 - low))
    #expect(try movableStart("kernelcore=1G") == 4 << 18)
    #expect(try movableStart("kernelcore=64G") == nil)
  }

  @Test func `of both the one that leaves the kernel more counts`() throws {
    #expect(try movableStart("kernelcore=1G movablecore=2G") == 7 << 18)
    #expect(
      try movableStart("kernelcore=6G movablecore=4G") == movableStart("kernelcore=6G"))
  }

  @Test func `mirrored memory that the firmware does not name is none`() throws {
    #expect(try movableStart("kernelcore=mirror") == nil)
    #expect(try movableStart("kernelcore=mirror movablecore=2G") == 7 << 18)
  }

  @Test func `each node keeps the same for the kernel`() throws {
    let host = try TestHost(memory: 12 << 30, nodes: 2, commandLine: "movablecore=4G")
    #expect(host.complaints == [])
    let zones = try [0, 1].map { try #require(host.zone(.movable, node: $0)) }
    let kept = zones.map { zone in
      host.subsystem.zones.reduce(UInt(0)) {
        $1.node == zone.node && $1.kind != .movable ? $0 + $1.presentPageCount : $0
      }
    }
    #expect(kept[0].distance(to: kept[1]).magnitude <= 1024)
    #expect(zones.reduce(0) { $0 + $1.presentPageCount }.distance(to: 4 << 18).magnitude <= 2048)
  }

  /// The second node has nothing but movable memory.
  private func movableNode(_ kernel: KernelDesign) throws -> TestHost {
    let host = try TestHost(
      mebibytes: [(0, 1..<1024), (0, 4096..<4608), (1, 4608..<5632)], kernel: kernel,
      commandLine: "kernelcore=100M hugetlb_free_vmemmap=on")
    #expect(host.zone(.normal, node: 1) == nil)
    #expect(host.zone(.movable, node: 1) != nil)
    #expect(host.complaints == [])
    return host
  }

  @Test(arguments: [KernelDesign.linux6_12, .linux7_2, .unified].indices)
  func `pages of a movable node are folded with frames from elsewhere, and unfolded`(index: Int)
    throws
  {
    let host = try movableNode([KernelDesign.linux6_12, .linux7_2, .unified][index])
    let pool = host.pool(9)
    pool.resize(to: 64, .node(1))
    #expect(host.pageCounts(ofOrder: 9) == [0, 64])
    #expect(host.foldedPageCount(ofOrder: 9) == 64)
    #expect(host.complaints == [])
    pool.resize(to: 0, .node(1))
    #expect(host.pageCounts(ofOrder: 9) == [0, 0])
    #expect(host.complaints == [])
  }

  @Test func `a kernel that looks for frames on the node only cannot unfold them there`() throws {
    let host = try movableNode(.linux6_1)
    let pool = host.pool(9)
    pool.resize(to: 8, .node(1))
    #expect(host.foldedPageCount(ofOrder: 9) == 8)
    #expect(host.complaints == [])
    pool.resize(to: 0, .node(1))
    #expect(host.pageCounts(ofOrder: 9) == [0, 8])
    #expect(pool.counts.surplusPageCount == 8)
    #expect(host.complaints == [])
  }
}
