// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory

/// A twin with one whole gigantic page, whose descriptors are the memory that the MMU is measured
/// with.
public final class DescriptorRing {
  /// The twin.
  public let host: MemorySubsystem
  private let batch: FolioBatch
  /// The addresses of the page's descriptors.
  public let addresses: Range<VirtualAddress>

  /// Boots the twin and takes the page.
  ///
  /// - Returns: nil if there is none.
  public init?() throws {
    host = try BenchmarkHost(byteCount: 4 << 30).boot()
    guard let batch = host.prepareFolios(1, of: BenchmarkHost.giganticOrder),
      let addresses = batch.firstDescriptors
    else { return nil }
    self.batch = batch
    self.addresses = addresses
  }

  /// The first `count` vmemmap pages.
  public func pages(_ count: UInt) -> Range<VirtualAddress> {
    addresses.lowerBound..<addresses.lowerBound.advanced(byBytes: count << 12)
  }

  /// Links one word in each of the first `pageCount` vmemmap pages to a ring.
  ///
  /// Each word lies in a cache line of another set than its neighbours', so that 64 of them stay in
  /// the first-level cache.
  ///
  /// - Returns: the first word's address.
  public func link(pageCount: UInt) throws -> VirtualAddress {
    for page in 0..<pageCount {
      let next = (page + 1) % pageCount
      try host.machine.store(UInt64(word(in: next).rawValue), at: word(in: page))
    }
    return word(in: 0)
  }

  private func word(in page: UInt) -> VirtualAddress {
    addresses.lowerBound.advanced(byBytes: page << 12 | (page & 63) << 6)
  }

  /// Gives every vmemmap page an entry of its own; the descriptors can no longer be linked.
  public func splitTables() {
    host.optimize(batch)
  }
}
