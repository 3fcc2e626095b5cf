// SPDX-License-Identifier: Apache-2.0

// Questions about single descriptors, and the few changes that every layer makes to them.

extension Vmemmap {
  /// The number of references to `pfn`; 0 while it is free or frozen.
  @inline(__always)
  func references(to pfn: PageFrameNumber) -> UInt32 {
    with(pfn, for: .load) { $0.counts.references }
  }

  /// Whether the descriptor of `pfn` was never needed so far.
  @inline(__always)
  func isBlank(_ pfn: PageFrameNumber) -> Bool {
    with(pfn, for: .load) { $0.counts.isBlank }
  }

  /// The order of the free block that starts at `pfn`, if one does.
  @inline(__always)
  func freeBlockOrder(at pfn: PageFrameNumber) -> PageOrder? {
    with(pfn, for: .load) { words in
      words.counts.type == PageType.buddy.rawValue
        ? PageOrder(Int(truncatingIfNeeded: words.privateWord & 63)) : nil
    }
  }

  /// Whether a mark of ``DescriptorFormat`` is set in the descriptor of `pfn`.
  @inline(__always)
  func has(_ mark: UInt64, at pfn: PageFrameNumber) -> Bool {
    with(pfn, for: .load) { $0.flags & mark != 0 }
  }

  /// Sets a mark in the descriptor of `pfn`.
  func set(_ mark: UInt64, at pfn: PageFrameNumber) {
    with(pfn) { $0.flags |= mark }
  }

  /// Clears a mark in the descriptor of `pfn`.
  func clear(_ mark: UInt64, at pfn: PageFrameNumber) {
    with(pfn) { $0.flags &= ~mark }
  }

  /// Makes the descriptor of `pfn` that of an allocated frame with `references` references.
  @inline(__always)
  func initialize(_ pfn: PageFrameNumber, place: UInt64, references: UInt32) {
    with(pfn) { $0.reset(flags: place, counts: DescriptorCounts(references: references)) }
  }

  /// Takes a reference to `pfn` unless it has none, as somebody does who found the frame by its
  /// number and owns nothing of it.
  ///
  /// - Linux: `get_page_unless_zero()`.
  func takeReferenceUnlessZero(_ pfn: PageFrameNumber) -> Bool {
    machine.withReaderSection {
      while true {
        let counts = with(pfn, for: .load) { $0.counts }
        guard counts.references > 0, !counts.isBlank else { return false }
        let more = counts.with(references: counts.references &+ 1)
        #if !hasFeature(Embedded)
          if Machine.isObserved { Machine.observe(.exchanging) }
        #endif
        if exchangeCounts(of: pfn, expected: counts, desired: more) { return true }
      }
    }
  }

  /// Replaces the counts of `pfn` if they still are `expected`, as somebody does who owns nothing of
  /// it: on some processors that is a store even if they are not.
  private func exchangeCounts(
    of pfn: PageFrameNumber, expected: DescriptorCounts, desired: DescriptorCounts
  ) -> Bool {
    if machine.failedExchange == .onlyReads, with(pfn, for: .load, { $0.counts }) != expected {
      return false
    }
    return with(pfn, for: .store) { $0.exchangeCounts(expected: expected, desired: desired) }
  }

  /// Drops a reference to `pfn` and returns how many are left.
  ///
  /// - Precondition: the caller owns one.
  func dropReference(_ pfn: PageFrameNumber) -> UInt32 { dropReferences(1, to: pfn) }

  /// Drops `count` references to `pfn` and returns how many are left.
  ///
  /// - Precondition: the caller owns as many.
  func dropReferences(_ count: UInt, to pfn: PageFrameNumber) -> UInt32 {
    with(pfn) { words in
      while true {
        let counts = words.counts
        precondition(UInt(counts.references) >= count, "only an owned reference is dropped")
        let fewer = counts.with(references: counts.references &- UInt32(truncatingIfNeeded: count))
        if words.exchangeCounts(expected: counts, desired: fewer) { return fewer.references }
      }
    }
  }

  /// Takes `count` more references to `pfn`, of which the caller owns one.
  func addReferences(_ count: UInt, to pfn: PageFrameNumber) {
    with(pfn) { words in
      while true {
        let counts = words.counts
        precondition(counts.references > 0, "only an owner shares what it owns")
        let more = counts.with(references: counts.references &+ UInt32(truncatingIfNeeded: count))
        if words.exchangeCounts(expected: counts, desired: more) { return }
      }
    }
  }
}

/// The part of a flags word that says where a frame is.
///
/// Ten bits of node from the top, three bits of zone below (spec 01 section 7.1).
enum DescriptorPlace {
  /// The bits for memory of `zone` on `node`.
  static func bits(node: NodeID, zone: ZoneKind) -> UInt64 {
    UInt64(node.rawValue) << 54 | UInt64(zone.rawValue) << 51
  }

  /// The node in a flags word.
  @inline(__always)
  static func node(in flags: UInt64) -> NodeID { NodeID(Int(truncatingIfNeeded: flags >> 54)) }

  /// The zone in a flags word.
  static func zone(in flags: UInt64) -> ZoneKind? {
    ZoneKind(rawValue: UInt8(truncatingIfNeeded: flags >> 51) & 7)
  }
}
