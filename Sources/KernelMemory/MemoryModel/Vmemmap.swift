// SPDX-License-Identifier: Apache-2.0

/// The array of all page descriptors: virtually contiguous, one entry for each page frame.
///
/// Its entries are reached through the page tables only, as the current CPU's TLB sees them. So a
/// wrong mapping shows as wrong descriptors and a missed flush as stale ones.
///
/// A descriptor that is all zero is *blank*: nobody has needed it yet. A blank descriptor of memory
/// in use belongs to memory that was reserved at boot; any other is that of free memory.
///
/// - Linux: `vmemmap`, `pfn_to_page()`.
final class Vmemmap: Sendable {
  let machine: Machine
  /// How the kernel marks descriptors.
  let format: DescriptorFormat
  /// Where the descriptor of frame 0 lies.
  let base: VirtualAddress
  let pageSize: PageSize

  init(
    machine: Machine, format: DescriptorFormat, base: VirtualAddress, pageSize: PageSize
  ) {
    self.machine = machine
    self.format = format
    self.base = base
    self.pageSize = pageSize
  }

  /// Where the descriptor of `pfn` lies.
  @inline(__always)
  func address(of pfn: PageFrameNumber) -> VirtualAddress {
    base.advanced(byBytes: pfn.rawValue &* DescriptorWords.byteCount)
  }

  /// The frame whose descriptor lies at `address`.
  @inline(__always)
  func frame(at address: UInt64) -> PageFrameNumber {
    PageFrameNumber((UInt(address) &- base.rawValue) / DescriptorWords.byteCount)
  }

  /// The number of descriptors in one vmemmap page.
  var descriptorsPerPage: UInt {
    @inline(__always) get { pageSize.byteCount / DescriptorWords.byteCount }
  }

  /// The number of vmemmap pages that describe a block of `order`; 0 if it shares one with others.
  @inline(__always)
  func pageCount(describing order: PageOrder) -> UInt {
    (order.pageCount &* DescriptorWords.byteCount) &>> pageSize.shift
  }

  /// The addresses of the descriptors of `frames`.
  func addresses(describing frames: FrameRange) -> Range<VirtualAddress> {
    address(of: frames.lowerBound)..<address(of: frames.upperBound)
  }

  /// Lends the descriptor of `pfn` to `body`, which must not touch another one.
  ///
  /// - Precondition: the access is one that the page tables allow: the kernel would oops.
  @inline(__always)
  func with<Result>(
    _ pfn: PageFrameNumber, for access: MemoryAccess = .store,
    _ body: (DescriptorWords) -> Result
  ) -> Result {
    unsafe withRun(from: pfn, for: access) { body(unsafe DescriptorWords(at: $0)) }
  }

  /// Lends the vmemmap page that starts with the descriptor of `pfn` to `body`, as raw memory.
  @inline(__always)
  func withPage<Result>(
    startingAt pfn: PageFrameNumber, for access: MemoryAccess = .store,
    _ body: (UnsafeMutableRawPointer) -> Result
  ) -> Result {
    assert(pfn.rawValue % descriptorsPerPage == 0, "a vmemmap page starts at its first descriptor")
    return unsafe withRun(from: pfn, for: access, body)
  }

  /// Makes all descriptors in the vmemmap page that starts with that of `pfn` blank.
  func clearPage(startingAt pfn: PageFrameNumber) {
    unsafe withPage(startingAt: pfn) { unsafe machine.clear($0, byteCount: pageSize.byteCount) }
  }

  @inline(never)
  func oops(at pfn: PageFrameNumber) -> Never {
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.oops(pfn)) }
    #endif
    fatalError("the descriptor of frame \(pfn.rawValue) was accessed as its mapping forbids")
  }
}
