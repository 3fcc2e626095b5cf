// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The 64 bytes of one page descriptor, as eight words in memory.
///
/// ```
/// offset  0 flags      node, zone, marks          32 index
///         8 link       next in a list, or         40 privateWord  order of a free block, …
///                      the tail word (bit 0)      48 counts       type or map count, references
///        16 previous   previous in a list         56 owner        memory cgroup
///        24 mapping
/// ```
///
/// The value is a view: it is good only inside the closure that ``Vmemmap`` lends it to.
///
/// - Linux: `struct page` (spec 01 section 7).
@safe struct DescriptorWords {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  @inline(__always)
  init(at pointer: UnsafeMutableRawPointer) {
    unsafe words = pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The bytes of a descriptor.
  static var byteCount: UInt { 64 }

  @inline(__always)
  private subscript(_ index: Int) -> UInt64 {
    get { unsafe words[index].load(ordering: .relaxed) }
    nonmutating set { unsafe words[index].store(newValue, ordering: .relaxed) }
  }

  var flags: UInt64 {
    @inline(__always) get { self[0] }
    @inline(__always) nonmutating set { self[0] = newValue }
  }
  var link: UInt64 {
    @inline(__always) get { self[1] }
    @inline(__always) nonmutating set { self[1] = newValue }
  }
  var previous: UInt64 {
    @inline(__always) get { self[2] }
    @inline(__always) nonmutating set { self[2] = newValue }
  }
  var mapping: UInt64 {
    @inline(__always) get { self[3] }
    @inline(__always) nonmutating set { self[3] = newValue }
  }
  var index: UInt64 {
    @inline(__always) get { self[4] }
    @inline(__always) nonmutating set { self[4] = newValue }
  }
  var privateWord: UInt64 {
    @inline(__always) get { self[5] }
    @inline(__always) nonmutating set { self[5] = newValue }
  }
  var counts: DescriptorCounts {
    @inline(__always) get { DescriptorCounts(rawValue: self[6]) }
    @inline(__always) nonmutating set { self[6] = newValue.rawValue }
  }

  /// Replaces the counts if they still are `expected`, with the change visible to whoever reads
  /// them afterwards.
  @inline(__always)
  func exchangeCounts(expected: DescriptorCounts, desired: DescriptorCounts) -> Bool {
    unsafe words[6].compareExchange(
      expected: expected.rawValue, desired: desired.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Writes the whole descriptor: `flags`, `counts`, and zero or what is given for the rest.
  @inline(__always)
  func reset(flags: UInt64, counts: DescriptorCounts, link: UInt64 = 0, mapping: UInt64 = 0) {
    self[0] = flags
    self[1] = link
    self[2] = 0
    self[3] = mapping
    self[4] = 0
    self[5] = 0
    self[6] = counts.rawValue
    self[7] = 0
  }

  /// What a block that a CPU keeps at hand has in its private word: it is free, but on no free list.
  static var keptMark: UInt64 { ~0 }

  /// Whether the frame may be given back: nobody refers to it, and it is not free already.
  var isInHand: Bool {
    @inline(__always) get {
      counts.references == 0 && counts.type != PageType.buddy.rawValue
        && privateWord != Self.keptMark
    }
  }

  /// Whether the word at ``link`` marks a tail.
  var isTail: Bool {
    @inline(__always) get { link & 1 == 1 }
  }
}

/// The word with a descriptor's type, or map count, and its reference count.
struct DescriptorCounts: Equatable {
  let rawValue: UInt64

  @inline(__always)
  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// An unmapped frame without a type, with `references` references.
  @inline(__always)
  init(references: UInt32) { rawValue = UInt64(references) &<< 32 | 0xffff_ffff }

  /// An unreferenced frame of `type`.
  @inline(__always)
  init(type: PageType, references: UInt32 = 0) {
    rawValue = UInt64(references) &<< 32 | UInt64(type.rawValue) &<< 24 | 0xff_ffff
  }

  /// The number of references; 0 also while the frame is frozen.
  var references: UInt32 {
    @inline(__always) get { UInt32(truncatingIfNeeded: rawValue &>> 32) }
  }

  /// The type in the top byte of the lower half.
  var type: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: rawValue &>> 24) }
  }

  /// The same type with another number of references.
  @inline(__always)
  func with(references: UInt32) -> Self {
    Self(rawValue: rawValue & 0xffff_ffff | UInt64(references) &<< 32)
  }

  /// The descriptor was never initialised, or its contents were dropped.
  ///
  /// An initialised one never has a zero in its type.
  var isBlank: Bool {
    @inline(__always) get { UInt32(truncatingIfNeeded: rawValue) == 0 }
  }
}

/// What a frame is used as, where that is marked in its descriptor.
///
/// - Source: spec 01 section 7.2.
enum PageType: UInt8 {
  /// First frame of a block on a free list.
  case buddy = 0xf0
  /// A page table.
  case table = 0xf2
  /// Head of a huge page of a pool.
  case hugeTLB = 0xf4
}
