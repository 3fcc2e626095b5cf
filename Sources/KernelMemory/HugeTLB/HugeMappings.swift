// SPDX-License-Identifier: Apache-2.0

/// All mappings of huge pages that have not been released: the way from a page to who uses it.
///
/// - Linux: the reverse mapping of huge pages.
final class HugeMappings: @unchecked Sendable {
  private let lock = SpinLock(.mappings)
  private var all: [HugeMapping] = []

  /// Notes a new mapping.
  func add(_ mapping: HugeMapping) { lock.withLock { all.append(mapping) } }

  /// Forgets a mapping that was released.
  func remove(_ mapping: HugeMapping) { lock.withLock { all.removeAll { $0 === mapping } } }

  /// Lets the page at `new` take the place of that at `old` with whoever uses it.
  ///
  /// - Returns: false if nobody does.
  func replace(_ old: PageFrameNumber, with new: PageFrameNumber) -> Bool {
    let mappings = lock.withLock { all }
    return mappings.contains { $0.replace(old, with: new) }
  }
}
