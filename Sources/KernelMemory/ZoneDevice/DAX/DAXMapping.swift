// SPDX-License-Identifier: Apache-2.0

/// A process's mapping of a device that is used by itself.
///
/// - Linux: the `vm_area_struct` of `/dev/dax<R>.<N>` (spec 07 section 6.3).
final class DAXMapping {
  /// Whether writes are seen by others.
  enum Sharing {
    case shared, priv
  }

  /// What came of a fault.
  enum FaultResult: Equatable {
    /// The pages from this frame on are mapped.
    case mapped(PageFrameNumber)
    /// A smaller size is to be tried.
    case fallBack
    /// The process gets `SIGBUS`.
    case busError
  }

  private let bus: DAXBus
  private let device: DAXDevice
  /// The addresses.
  ///
  /// - Unit: bytes.
  private(set) var addresses: Range<UInt>
  /// Where the mapping begins in the device.
  ///
  /// - Unit: base pages.
  private(set) var offset: UInt
  /// The starts of the pages that are mapped.
  private(set) var mapped: [UInt] = []
  private(set) var isValid = true

  /// Maps `addresses` to the device from `offset` pages on.
  ///
  /// - Throws: ``DAXError/noAddress`` if the device is not used by itself; ``DAXError/invalid`` for
  ///   a private mapping or one that is not made of whole pages of the device.
  init(
    _ device: DAXDevice, on bus: DAXBus, _ addresses: Range<UInt>, offset: UInt = 0,
    _ sharing: Sharing = .shared
  ) throws(DAXError) {
    guard device.driver == .device else { throw .noAddress }
    guard sharing == .shared, !addresses.isEmpty, addresses.lowerBound % device.alignment == 0,
      addresses.upperBound % device.alignment == 0
    else { throw .invalid }
    self.bus = bus
    self.device = device
    self.addresses = addresses
    self.offset = offset
    bus.lock.withLock { device.mappings.append(self) }
  }

  /// The size of its pages, as `/proc/<pid>/smaps` shows it.
  ///
  /// - Unit: bytes.
  var pageByteCount: UInt { device.alignment }

  /// Touches `address`, for which the processor wants a page of `size` bytes, a power of two.
  func fault(at address: UInt, size: UInt) -> FaultResult {
    bus.lock.withLock {
      guard isValid, addresses.contains(address), size.nonzeroBitCount == 1,
        size >= device.alignment
      else { return .busError }
      if size > device.alignment { return .fallBack }
      let start = address & ~(size &- 1)
      guard start >= addresses.lowerBound, size <= addresses.upperBound &- start else {
        return .busError
      }
      // The page's place in the device counts from its own start, not from the address touched.
      let page = offset &+ (start &- addresses.lowerBound) >> bus.pageSize.shift
      let count = size >> bus.pageSize.shift
      guard let first = device.frame(at: page), device.frame(at: page &+ count &- 1) != nil,
        first.rawValue % count == 0
      else { return .busError }
      note(first, page: page, start: start)
      return .mapped(first)
    }
  }

  /// Notes in the page's head where it belongs.
  private func note(_ head: PageFrameNumber, page: UInt, start: UInt) {
    if !mapped.contains(start) { mapped.append(start) }
    bus.memory.vmemmap.with(head) { words in
      words.mapping = UInt64(device.id.region) << 32 | UInt64(device.id.number) << 1 | 1 << 63
      words.index = UInt64(page)
    }
  }

  /// Cuts the mapping in two at `address`, and returns the part behind.
  ///
  /// - Throws: ``DAXError/invalid`` in the middle of a page.
  func split(at address: UInt) throws(DAXError) -> DAXMapping {
    guard address % device.alignment == 0, addresses.contains(address),
      address > addresses.lowerBound
    else { throw .invalid }
    let rest = try DAXMapping(
      device, on: bus, address..<addresses.upperBound,
      offset: offset &+ (address &- addresses.lowerBound) >> bus.pageSize.shift)
    bus.lock.withLock {
      rest.mapped = mapped.filter { $0 >= address }
      mapped.removeAll { $0 >= address }
      addresses = addresses.lowerBound..<address
    }
    return rest
  }

  /// Ends the mapping.
  func unmap() {
    bus.lock.withLock {
      device.mappings.removeAll { $0 === self }
      invalidate()
    }
  }

  /// Forgets all pages: the device goes away. The caller holds the bus's lock.
  func invalidate() {
    isValid = false
    mapped = []
  }
}
