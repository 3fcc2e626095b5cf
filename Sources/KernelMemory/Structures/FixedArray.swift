// SPDX-License-Identifier: Apache-2.0

/// A fixed number of plain values that are changed where they lie.
///
/// Reaching one costs no reference count and no check for other users, as it would in an array that
/// a class stores. The owner guards them with a lock of its own.
@safe struct FixedArray<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  /// The number of values.
  let count: Int
  private let elements: UnsafeMutablePointer<Element>

  /// `count` times `value`.
  init(repeating value: Element, count: Int) {
    self.count = count
    unsafe elements = .allocate(capacity: count)
    unsafe elements.initialize(repeating: value, count: count)
  }

  deinit {
    unsafe elements.deallocate()
  }

  /// The value at `index`.
  subscript(_ index: Int) -> Element {
    precondition(index >= 0 && index < count, "an index lies inside its array")
    return unsafe elements[index]
  }

  /// Lends the value at `index` to `body`, which may change it but not reach for it otherwise.
  @inline(__always)
  borrowing func update<Result>(_ index: Int, _ body: (inout Element) -> Result) -> Result {
    precondition(index >= 0 && index < count, "an index lies inside its array")
    return body(&(unsafe elements[index]))
  }
}
