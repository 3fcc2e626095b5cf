// SPDX-License-Identifier: Apache-2.0

/// A list of frames that is threaded through their descriptors.
///
/// The list itself is three words; each frame's links are addresses of descriptors, 0 at the ends,
/// as the kernel keeps them. A frame is on one list at most.
///
/// - Linux: `struct list_head` with `page->lru`.
struct FrameList: Sendable {
  /// The address of the first descriptor, or 0.
  fileprivate(set) var first: UInt64 = 0
  /// The address of the last descriptor, or 0.
  fileprivate(set) var last: UInt64 = 0
  /// The number of frames on the list.
  fileprivate(set) var count: UInt = 0

  var isEmpty: Bool { first == 0 }
}

extension Vmemmap {
  /// Puts `pfn` at the front of `list`; in the same access, `mark` may write what else is to be
  /// written.
  ///
  /// - Precondition: the descriptor is writable and on no list.
  @inline(__always)
  func pushFront(
    _ pfn: PageFrameNumber, on list: inout FrameList, mark: (DescriptorWords) -> Void = { _ in }
  ) {
    let address = UInt64(address(of: pfn).rawValue)
    let next = list.first
    with(pfn) { words in
      words.link = next
      words.previous = 0
      mark(words)
    }
    if next != 0 { with(frame(at: next)) { $0.previous = address } } else { list.last = address }
    list.first = address
    list.count &+= 1
  }

  /// Puts `pfn` at the end of `list`.
  ///
  /// - Precondition: the descriptor is writable and on no list.
  func pushBack(_ pfn: PageFrameNumber, on list: inout FrameList) {
    let address = UInt64(address(of: pfn).rawValue)
    let before = list.last
    with(pfn) { words in
      words.link = 0
      words.previous = before
    }
    if before != 0 { with(frame(at: before)) { $0.link = address } } else { list.first = address }
    list.last = address
    list.count &+= 1
  }

  /// Takes `pfn` off `list`; in the same access, `unmark` may write what else is to be written.
  ///
  /// - Precondition: it is on this list.
  @inline(__always)
  func remove(
    _ pfn: PageFrameNumber, from list: inout FrameList,
    unmark: (DescriptorWords) -> Void = { _ in }
  ) {
    var next: UInt64 = 0
    var previous: UInt64 = 0
    with(pfn) { words in
      next = words.link
      previous = words.previous
      words.link = 0
      words.previous = 0
      unmark(words)
    }
    if next != 0 { with(frame(at: next)) { $0.previous = previous } } else { list.last = previous }
    if previous != 0 { with(frame(at: previous)) { $0.link = next } } else { list.first = next }
    list.count &-= 1
  }

  /// The first frame of `list`.
  @inline(__always)
  func first(of list: FrameList) -> PageFrameNumber? {
    list.first == 0 ? nil : frame(at: list.first)
  }

  /// The frame after `pfn` on its list.
  @inline(__always)
  func next(after pfn: PageFrameNumber) -> PageFrameNumber? {
    let next = with(pfn, for: .load) { $0.link }
    return next == 0 ? nil : frame(at: next)
  }

  /// Takes the first frame off `list`, as ``remove(_:from:unmark:)`` does.
  @inline(__always)
  func popFront(
    of list: inout FrameList, unmark: (DescriptorWords) -> Void = { _ in }
  ) -> PageFrameNumber? {
    guard let pfn = first(of: list) else { return nil }
    remove(pfn, from: &list, unmark: unmark)
    return pfn
  }

  /// Takes the last frame off `list`, as ``remove(_:from:unmark:)`` does.
  @inline(__always)
  func popBack(
    of list: inout FrameList, unmark: (DescriptorWords) -> Void = { _ in }
  ) -> PageFrameNumber? {
    guard list.last != 0 else { return nil }
    let pfn = frame(at: list.last)
    remove(pfn, from: &list, unmark: unmark)
    return pfn
  }

  /// Calls `body` for each frame of `list`, first to last, until it returns false.
  func forEach(in list: FrameList, _ body: (PageFrameNumber) -> Bool) {
    var current = first(of: list)
    while let pfn = current, body(pfn) { current = next(after: pfn) }
  }
}
