// SPDX-License-Identifier: Apache-2.0

// Huge pages (spec 06): who has them, and what pools say of themselves.

extension InvariantCheck {
  /// What must not be broken when pools are asked.
  private static var misleading: [InvariantPredicate] {
    [.soundList, .folding(8), .physical(14), .population(1), .pools(3)]
  }

  /// Collects the pages that pools know of.
  mutating func checkPoolLists() {
    let hugeTLB = subsystem.hugeTLB
    for pool in hugeTLB.pools {
      for part in pool.parts { collect(part.freeList, of: pool, .free) }
      collect(pool.activeList, of: pool, .active)
      collect(pool.deferredList, of: pool, .deferred)
      expect(
        .recount, .pool(pool.order), wanted: pool.counts.freePageCount &+ pool.activeList.count,
        found: pool.counts.pageCount, "a pool's pages are free or in use")
    }
    for folio in inHand {
      folios.append(FoundFolio(folio: folio, place: .held))
      owners.add(folio.frames, .pool)
    }
  }

  private mutating func collect(
    _ list: FrameList, of pool: HugePagePool, _ place: FoundFolio.Place
  ) {
    forEachMember(of: list) { check, head, image in
      guard head.isAligned(to: pool.order) else {
        return check.report(.pools(3), at: head, "a huge page is naturally aligned")
      }
      check.folios.append(FoundFolio(folio: pool.folio(head), place: place))
      check.owners.add(pool.folio(head).frames, .pool)
      let isReferenced = image.counts.references > 0
      if place == .active ? !isReferenced : isReferenced {
        check.report(
          .buddy(4), .frame(head), wanted: place == .active ? 1 : 0,
          found: UInt(image.counts.references),
          "a huge page has references if, and only if, it is in use")
      }
    }
  }

  /// What the pools find wrong with themselves.
  ///
  /// They follow their lists through the MMU, as in daily life. So nobody asks them where a list or a
  /// descriptor has been found broken: that is enough to know, and would lead them astray.
  mutating func checkPools() {
    let isBroken = violations.contains { Self.misleading.contains($0.predicate) }
    guard !isBroken else { return }
    for violation in subsystem.hugeTLB.violations(inHand: inHand) {
      let subject: InvariantViolation.Subject = violation.order.map { .pool($0) } ?? .subsystem
      report(
        .pools(UInt8(violation.predicate)), subject, wanted: violation.wanted,
        found: violation.found, violation.kind.rule)
    }
  }
}

extension PoolViolation.Kind {
  /// The law in words.
  var rule: StaticString {
    switch self {
    case .nodeSum: "a pool's count is the sum of its nodes'"
    case .excess: "no more pages are free, or surplus, than there are"
    case .freeListLength: "a node's free pages are those on its list"
    case .freeListPage: "a page on a free list is marked as one and has no reference"
    case .reservation: "no more pages are promised than are free"
    case .target: "pages that are not surplus are those that were asked for"
    case .temporaryOnFreeList: "a page on loan is on no free list"
    case .uncountedPage: "a page of a pool is counted, or on its way out and folded"
    case .poisonRecord: "a page with a bad frame is marked"
    }
  }
}
