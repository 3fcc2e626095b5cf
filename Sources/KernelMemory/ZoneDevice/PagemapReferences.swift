// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts who relies on a device's map, and ends with the map's death.
///
/// Alive, it has one reference of its own. Once it is killed nobody gets a new one, and when the last
/// is dropped the map may go.
///
/// - Linux: `struct percpu_ref` in `struct dev_pagemap`.
struct PagemapReferences: ~Copyable, Sendable {
  /// The number of references, times two, plus one while alive.
  private let word = Atomic<UInt>(0)

  /// How many references there are; its own counts while it is alive.
  var count: UInt { word.load(ordering: .acquiring) &>> 1 }

  /// Whether new references can be had.
  var isAlive: Bool { word.load(ordering: .acquiring) & 1 == 1 }

  /// Brings the counter to life, with its own reference.
  ///
  /// - Precondition: it has none.
  borrowing func start() {
    let before = word.exchange(3, ordering: .acquiringAndReleasing)
    precondition(before == 0, "a map lives once at a time")
  }

  /// Takes `amount` references unless the counter is dead.
  borrowing func take(_ amount: UInt = 1) -> Bool {
    var seen = word.load(ordering: .relaxed)
    while seen & 1 == 1 {
      let (exchanged, original) = word.weakCompareExchange(
        expected: seen, desired: seen &+ amount &* 2, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      seen = original
    }
    return false
  }

  /// Drops `amount` references.
  ///
  /// - Precondition: the caller owns them.
  borrowing func drop(_ amount: UInt = 1) {
    let before = word.wrappingSubtract(amount &* 2, ordering: .acquiringAndReleasing).oldValue
    precondition(before &>> 1 >= amount, "only owned references are dropped")
  }

  /// Lets nobody have a new reference, and drops its own.
  ///
  /// - Returns: false if it was dead already.
  borrowing func kill() -> Bool {
    var seen = word.load(ordering: .relaxed)
    while seen & 1 == 1 {
      let (exchanged, original) = word.weakCompareExchange(
        expected: seen, desired: seen &- 3, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      seen = original
    }
    return false
  }
}
