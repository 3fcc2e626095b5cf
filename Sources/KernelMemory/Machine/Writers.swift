// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Who adds to a counter; whoever reads it may be anybody.
enum Writers: Sendable {
  /// One thread at a time.
  case one
  /// Any number of threads.
  case many
}

extension Atomic where Value == UInt {
  /// Adds `amount`, wrapping around, without order.
  ///
  /// With one writer that is a load and a store: a locked addition costs as much as a small
  /// allocation's other work.
  ///
  /// - Returns: the sum.
  @discardableResult
  @inline(__always)
  borrowing func add(_ amount: UInt, from writers: Writers) -> UInt {
    guard writers == .one else { return wrappingAdd(amount, ordering: .relaxed).newValue }
    let sum = load(ordering: .relaxed) &+ amount
    store(sum, ordering: .relaxed)
    return sum
  }
}
