// SPDX-License-Identifier: Apache-2.0

/// Objects that live as long as the table, reached without counting references.
///
/// An element of an array is retained for every use. That costs more than the rest of an allocation.
@safe
final class ObjectTable<Object: AnyObject & Sendable>: RandomAccessCollection, @unchecked Sendable {
  private let objects: UnsafeMutablePointer<Unmanaged<Object>>
  let endIndex: Int
  var startIndex: Int { 0 }

  /// A table of `objects`, in their order.
  init(_ objects: [Object]) {
    endIndex = objects.count
    unsafe self.objects = .allocate(capacity: Swift.max(objects.count, 1))
    for (index, object) in objects.enumerated() {
      unsafe (self.objects + index).initialize(to: .passRetained(object))
    }
  }

  deinit {
    for index in 0..<endIndex { unsafe objects[index].release() }
    unsafe objects.deallocate()
  }

  /// The object at `index`, to be kept.
  subscript(_ index: Int) -> Object {
    precondition(index >= 0 && index < endIndex, "an index lies inside its table")
    return unsafe objects[index].takeUnretainedValue()
  }

  /// Lends the object at `index` to `body`, which must not keep it.
  @inline(__always)
  func with<Result>(_ index: Int, _ body: (Object) -> Result) -> Result {
    precondition(index >= 0 && index < endIndex, "an index lies inside its table")
    return unsafe objects[index]._withUnsafeGuaranteedRef { body($0) }
  }
}
