// SPDX-License-Identifier: Apache-2.0

/// How a kernel's table lies in memory, page by page, as a walk of the page tables finds it.
struct MappedTable: Equatable, Sendable {
  /// What maps one base page of the table.
  struct Page: Equatable, Sendable {
    /// The bytes of the leaf.
    var leafByteCount: UInt
    /// The physical address of the base page.
    var physicalAddress: UInt
  }

  /// Where the table starts, as a virtual address.
  let start: UInt
  /// The bytes of a base page.
  let pageByteCount: UInt
  /// All base pages, in order of address.
  let pages: [Page]

  var byteCount: UInt { UInt(pages.count) * pageByteCount }

  /// What a TLB entry for each base page could be good for.
  ///
  /// - Parameters:
  ///   - coalescedPageCount: the base pages that may share an entry if they lie together.
  ///   - hostPageByteCount: the largest page with which a host maps this memory; nil if there is no
  ///     host. An entry is never good for more than that.
  func reaches(coalescedPageCount: UInt, hostPageByteCount: UInt?) -> [TLBReach] {
    let host = hostPageByteCount ?? .max
    let group = coalescedPageCount * pageByteCount
    return pages.indices.map { index in
      let leaf = min(pages[index].leafByteCount, host)
      // Whether a host's small pages lie together is not known.
      if leaf == pageByteCount, pages[index].leafByteCount == leaf, group <= host,
        coalescedPageCount > 1, liesTogether(around: index, Int(coalescedPageCount))
      {
        return TLBReach(pageByteCount: leaf, byteCount: group)
      }
      return TLBReach(pageByteCount: leaf)
    }
  }

  /// Whether the aligned group of `count` pages around page `index` has a physical counterpart.
  private func liesTogether(around index: Int, _ count: Int) -> Bool {
    let ahead = Int(start / pageByteCount % UInt(count))
    let first = (index + ahead) / count * count - ahead
    guard first >= 0, first + count <= pages.count else { return false }
    let base = pages[first].physicalAddress
    return base % (UInt(count) * pageByteCount) == 0
      && (first..<first + count).allSatisfy { place in
        pages[place].leafByteCount == pageByteCount
          && pages[place].physicalAddress == base + UInt(place - first) * pageByteCount
      }
  }

  /// How many entries it takes to translate all of the table.
  func entryCount(_ reaches: [TLBReach]) -> Int {
    var count = 0
    var last: (number: UInt, reach: TLBReach)?
    for (index, reach) in reaches.enumerated() {
      let number = reach.number(of: start + UInt(index) * pageByteCount)
      if last?.number != number || last?.reach != reach { count += 1 }
      last = (number, reach)
    }
    return count
  }
}
