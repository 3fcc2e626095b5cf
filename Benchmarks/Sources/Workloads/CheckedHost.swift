// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory

/// A host of 1 GiB whose whole state is checked: as it boots, or with something of everything.
public struct CheckedHost {
  /// How much goes on.
  public enum Load: String, CaseIterable, Sendable {
    /// Nothing but what boot did.
    case booted
    /// Three quarters of memory in folded huge pages, 100 vmalloc areas, 1 GiB of added memory in
    /// eight blocks of which half are online, and 2 GiB of a device in pages of 2 MiB.
    case busy
  }

  /// The host.
  public let subsystem: MemorySubsystem
  private let device: BenchmarkDevice?
  private let areas: AreaTraffic?

  private static let gib: UInt = 1 << 30

  /// Boots it, and makes it busy if `load` says so.
  public init(_ load: Load) throws {
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(Self.gib), .usable)
    ])
    subsystem = try MemorySubsystem(
      BootConfiguration(memoryMap: map, commandLine: Array("hugetlb_free_vmemmap=on".utf8)),
      on: HostedMachine(span: 8 * Self.gib))
    guard load == .busy else {
      (device, areas) = (nil, nil)
      return
    }
    let order = BenchmarkHost.hugeOrder
    areas = try AreaTraffic(of: 100, on: subsystem)
    let added = PhysicalAddress(2 * Self.gib)
    try subsystem.addMemory(added..<added.advanced(byBytes: Self.gib / 2), to: NodeID(0))
    _ = subsystem.onlineAddedBlocks()
    let second = added.advanced(byBytes: Self.gib / 2)
    try subsystem.addMemory(second..<second.advanced(byBytes: Self.gib / 2), to: NodeID(0))
    let device = subsystem.makeDevice(
      at: PhysicalAddress(4 * Self.gib), byteCount: 2 * Self.gib, pagesOf: order)
    self.device = device
    let wanted = Self.gib / 4 * 3 >> 21
    guard device.attach(), subsystem.resizePool(of: order, to: wanted) == wanted else {
      throw CheckedHostError.outOfMemory
    }
  }

  /// Checks all of it.
  ///
  /// - Returns: the number of violations.
  @inline(never)
  public func check() -> Int { subsystem.checkInvariants().count }
}

/// Why a host could not be made busy.
public enum CheckedHostError: Error {
  /// It has not enough memory.
  case outOfMemory
}
