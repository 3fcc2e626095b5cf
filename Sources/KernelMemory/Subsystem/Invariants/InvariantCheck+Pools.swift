// SPDX-License-Identifier: Apache-2.0

// Huge pages (spec 06): who has them, and what pools say of themselves.

extension InvariantCheck {
  /// What must not be broken when pools are asked.
  private static var misleading: [InvariantRule] {
    [
      .soundLink, .linkBack, .listEnd, .tailHead, .headMark, .mappedDescriptors, .hugePageMark,
      .hugePageAlignment,
    ]
  }

  /// Collects the pages that pools know of.
  mutating func checkPoolLists() {
    let hugeTLB = subsystem.hugeTLB
    for pool in hugeTLB.pools {
      for part in pool.parts { collect(part.freeList, of: pool, .free) }
      collect(pool.activeList, of: pool, .active)
      collect(pool.deferredList, of: pool, .deferred)
      expect(
        .poolPages, .pool(pool.order), wanted: pool.counts.freePageCount &+ pool.activeList.count,
        found: pool.counts.pageCount)
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
        return check.report(.hugePageAlignment, at: head)
      }
      check.folios.append(FoundFolio(folio: pool.folio(head), place: place))
      check.owners.add(pool.folio(head).frames, .pool)
      let isReferenced = image.counts.references > 0
      if place == .active ? !isReferenced : isReferenced {
        check.report(.hugePageReferences, at: head)
      }
    }
  }

  /// What the pools find wrong with themselves.
  ///
  /// They follow their lists through the MMU, as in daily life. So nobody asks them where a list or a
  /// descriptor has been found broken: that is enough to know, and would lead them astray.
  mutating func checkPools() {
    let isBroken = violations.contains { Self.misleading.contains($0.rule) }
    guard !isBroken else { return }
    for violation in subsystem.hugeTLB.violations(inHand: inHand) {
      let subject: InvariantViolation.Subject = violation.order.map { .pool($0) } ?? .subsystem
      report(
        violation.kind.rule, subject, wanted: violation.wanted, found: violation.found)
    }
  }
}

extension PoolViolation.Kind {
  /// What the check calls it.
  var rule: InvariantRule {
    switch self {
    case .nodeSum: .poolNodeSum
    case .excess: .poolExcess
    case .freeListLength: .freeListLength
    case .freeListPage: .freeListPage
    case .reservation: .reservation
    case .target: .target
    case .temporaryOnFreeList: .temporaryOnFreeList
    case .uncountedPage: .uncountedPage
    case .pageCount: .poolPageCount
    case .poisonRecord: .poisonRecord
    }
  }
}
