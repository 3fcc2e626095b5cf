// SPDX-License-Identifier: Apache-2.0

/// A naturally aligned power-of-two run of frames that is managed as one.
///
/// The value names the frames; what they are is written in the descriptors.
///
/// - Linux: `struct folio`.
public struct Folio: Equatable, Sendable {
  /// The first frame.
  public let head: PageFrameNumber
  /// How many frames there are.
  public let order: PageOrder

  /// Names the folio of `order` that starts at `head`.
  ///
  /// - Precondition: `head` is aligned to `order`.
  public init(head: PageFrameNumber, order: PageOrder) {
    precondition(head.isAligned(to: order), "a folio is naturally aligned")
    self.head = head
    self.order = order
  }

  /// All frames.
  public var frames: FrameRange { FrameRange(start: head, pageCount: order.pageCount) }
}

/// What a tail descriptor of one order, place and head says; the same for all tails.
///
/// - Source: spec 05 section 3, spec 01 section 8.
struct TailTemplate: Equatable {
  /// Node and zone.
  let place: UInt64
  /// The word from which the head is found.
  let link: UInt64

  /// The poison that every tail keeps in its mapping word, to show that nobody uses it.
  ///
  /// - Linux: `TAIL_MAPPING` with the poison base of 64-bit machines.
  static let mapping: UInt64 = 0xdead_0000_0000_0400

  /// Writes the descriptor at `words`.
  @inline(__always)
  func write(to words: DescriptorWords) {
    words.reset(
      flags: place, counts: DescriptorCounts(references: 0), link: link, mapping: Self.mapping)
  }

  /// Writes `count` descriptors from `pointer` on.
  @inline(__always)
  func fill(_ pointer: UnsafeMutableRawPointer, count: UInt) {
    for index in 0..<Int(bitPattern: count) {
      write(
        to: unsafe DescriptorWords(at: pointer + index &* Int(DescriptorWords.byteCount)))
    }
  }
}

extension Vmemmap {
  /// What the tails of `folio` say.
  func tailTemplate(for folio: Folio, place: UInt64) -> TailTemplate {
    let link: UInt64
    switch format.encoding {
    case .pointer: link = UInt64(address(of: folio.head).rawValue) | 1
    case .mask: link = Self.maskLink(order: folio.order)
    }
    return TailTemplate(place: place, link: link)
  }

  /// What the tails say that all folios of `zone` and `order` share.
  func sharedTailTemplate(for zone: Zone, _ order: PageOrder) -> TailTemplate {
    let mark = zone.kind == .device ? format.reserved : 0
    return TailTemplate(place: zone.place | mark, link: Self.maskLink(order: order))
  }

  /// The tail word of mask encoding: ones above the folio's block of descriptors, and the tail bit.
  ///
  /// - Source: spec 01 section 8; the shift of 6 is log2 of a descriptor's bytes.
  static func maskLink(order: PageOrder) -> UInt64 { ~0 << UInt64(order.rawValue + 6) | 1 }

  /// Writes the head descriptor of `folio`, frozen, and the tails that share its vmemmap page.
  ///
  /// Tails in other vmemmap pages keep what they were: ``prepareOuterTails(of:place:)`` writes
  /// them, or they are folded away unwritten.
  func prepareHeadPage(of folio: Folio, place: UInt64) {
    let template = tailTemplate(for: folio, place: place)
    let count = min(descriptorsPerPage, folio.order.pageCount)
    let size = Int(DescriptorWords.byteCount)
    let headBit = format.head
    unsafe withRun(from: folio.head) { pointer in
      unsafe template.fill(pointer + size, count: count &- 1)
      unsafe DescriptorWords(at: pointer).reset(
        flags: place | headBit, counts: DescriptorCounts(references: 0))
      // The second descriptor's low flag byte keeps the order (spec 01 section 7.3).
      unsafe DescriptorWords(at: pointer + size).flags |= UInt64(folio.order.rawValue)
    }
  }

  /// Writes the tails of `folio` that lie outside its first vmemmap page, in no more than its first
  /// `pageLimit` ones.
  func prepareOuterTails(of folio: Folio, place: UInt64, pageLimit: UInt = .max) {
    let template = tailTemplate(for: folio, place: place)
    let perPage = descriptorsPerPage
    let pages = min(pageLimit, pageCount(describing: folio.order))
    var offset = perPage
    while offset < pages &* perPage {
      let first = PageFrameNumber(folio.head.rawValue &+ offset)
      unsafe withPage(startingAt: first) { unsafe template.fill($0, count: perPage) }
      offset &+= perPage
    }
  }

  /// The head of the folio that `pfn` belongs to; `pfn` itself if it is no tail.
  ///
  /// With pointer encoding a descriptor at the start of a vmemmap page may be the head's image in
  /// a page that maps the head page again; its neighbour tells (spec 05 section 10).
  ///
  /// - Linux: `compound_head()`.
  func head(of pfn: PageFrameNumber) -> PageFrameNumber {
    let (link, flags) = with(pfn, for: .load) { ($0.link, $0.flags) }
    if link & 1 == 1 {
      switch format.encoding {
      case .pointer: return frame(at: link & ~1)
      case .mask: return frame(at: UInt64(address(of: pfn).rawValue) & link)
      }
    }
    guard format.encoding == .pointer, flags & format.head != 0,
      pfn.rawValue % descriptorsPerPage == 0
    else { return pfn }
    let second = with(pfn.advanced(by: 1), for: .load) { $0.link }
    return second & 1 == 1 ? frame(at: second & ~1) : pfn
  }

  /// The order that the folio with `head` has noted, if it is a compound page.
  func folioOrder(at head: PageFrameNumber) -> PageOrder? {
    guard has(format.head, at: head) else { return nil }
    let flags = with(head.advanced(by: 1), for: .load) { $0.flags }
    return PageOrder(Int(truncatingIfNeeded: flags & 63))
  }
}
