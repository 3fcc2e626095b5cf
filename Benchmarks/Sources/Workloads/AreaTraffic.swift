// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Vmalloc areas that come and go while many live: each step frees one of them and allocates
/// another of another size.
///
/// Sizes and victims come from a fixed seed, so that gaps of all widths lie between areas.
public struct AreaTraffic {
  private let host: MemorySubsystem
  private var starts: [VirtualAddress] = []
  private var state: UInt64 = 1
  /// The addresses that freed areas took up, guard pages included.
  ///
  /// - Unit: base pages.
  public private(set) var freedPageCount: UInt = 0

  /// Fills `host` with `count` areas.
  public init(of count: Int, on host: MemorySubsystem) throws {
    self.host = host
    starts.reserveCapacity(count)
    for _ in 0..<count { starts.append(try allocate()) }
  }

  /// The areas that live.
  public var count: Int { starts.count }

  /// Frees an area and allocates another, `steps` times.
  @inline(never)
  public mutating func run(_ steps: Int) throws {
    for _ in 0..<steps {
      let victim = Int(next() % UInt64(starts.count))
      let before = host.vmallocTotals.ownedPageCount
      try host.freeVmallocArea(at: starts[victim])
      freedPageCount += before - host.vmallocTotals.ownedPageCount + 1
      starts[victim] = try allocate()
    }
  }

  /// Allocates one to eight pages.
  private mutating func allocate() throws -> VirtualAddress {
    let pageCount = UInt(next() % 8) + 1
    return try host.allocateVmallocArea(VmallocRequest(byteCount: pageCount << 12)).lowerBound
  }

  private mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
