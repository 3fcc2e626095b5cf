// SPDX-License-Identifier: Apache-2.0

/// A stretch of kernel addresses with pages that need not lie together.
///
/// ```
/// start                                    usableEnd        end
///   | page 0 | page 1 | …         | page n-1 | guard: never mapped |
/// ```
///
/// An area is *complete* when its pages are mapped: until then nobody but its maker looks at it.
/// Freed, it is *unpurged* until every TLB has forgotten its addresses.
///
/// - Linux: `struct vm_struct`, `struct vmap_area`.
final class VmallocArea: @unchecked Sendable {
  /// What an area is, in the kernel's numbers.
  ///
  /// - Source: spec 09 section 1.
  struct Flags: OptionSet {
    let rawValue: UInt32

    /// A device's memory.
    static let device = Self(rawValue: 0x1)
    /// The area owns its pages.
    static let ownsPages = Self(rawValue: 0x2)
    /// It shows pages of its maker.
    static let mapsPages = Self(rawValue: 0x4)
    /// There is no guard page.
    static let noGuard = Self(rawValue: 0x40)
    /// The maker does not mind huge leaves.
    static let allowsHugePages = Self(rawValue: 0x400)
    /// Pages come and go later.
    static let sparse = Self(rawValue: 0x1000)
  }

  /// Where an area is in its life.
  enum State {
    case incomplete, complete, unpurged
  }

  /// All addresses, the guard page included.
  let addresses: Range<VirtualAddress>
  /// Those that can be mapped.
  let usable: Range<VirtualAddress>
  let flags: Flags
  /// The order of blocks that the pages come in: a limit of what leaves map, not a promise.
  let order: PageOrder
  /// The bytes that were asked for.
  let requestedByteCount: UInt
  let caller: [UInt8]
  /// Guarded by the arena's lock, as all that follows once the area is complete.
  var state = State.incomplete
  /// The frame of each base page, whatever maps it; empty if pages do not belong to the area.
  var pages: [PageFrameNumber] = []
  /// The area in which the kernel keeps the array of pages, where that is larger than a page.
  var pageArray: VmallocArea?
  /// Where the device's memory starts.
  var physicalAddress: PhysicalAddress?

  init(
    addresses: Range<VirtualAddress>, flags: Flags, order: PageOrder, pageSize: PageSize,
    requestedByteCount: UInt, caller: [UInt8]
  ) {
    let guardBytes = flags.contains(.noGuard) ? 0 : pageSize.byteCount
    self.addresses = addresses
    usable =
      addresses.lowerBound..<VirtualAddress(addresses.upperBound.rawValue &- guardBytes)
    self.flags = flags
    self.order = order
    self.requestedByteCount = requestedByteCount
    self.caller = caller
  }

  /// The first address.
  var start: VirtualAddress { addresses.lowerBound }
}
