// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The type of the memory in a pageblock: which requests it is meant for.
///
/// - Linux: `enum migratetype` (spec 01 section 6; the isolate mark is a bit of its own here).
public enum MigrateType: UInt8, CaseIterable, Sendable {
  case unmovable, movable, reclaimable, highAtomic, cma
}

/// What is known of one section of physical memory.
///
/// - Linux: `struct mem_section`.
struct MemorySection: Equatable, Sendable {
  /// Facts about a section that are true or not.
  struct Marks: OptionSet, Sendable {
    let rawValue: UInt8
    /// There is memory in the section.
    static let present = Self(rawValue: 1)
    /// Its descriptors are mapped, or will be as soon as boot gets there.
    static let hasMap = Self(rawValue: 2)
    /// Its memory is in use by the allocators.
    static let online = Self(rawValue: 4)
    /// It was there at boot.
    static let early = Self(rawValue: 8)
    /// Its descriptors are mapped folded for a gigantic page of the boot, not populated.
    static let preinitialized = Self(rawValue: 32)
    /// Some of it is memory of a device.
    static let device = Self(rawValue: 64)
  }

  var marks: Marks = []
  /// The zone that all of the section belongs to, as an index into the topology's zones; nil if
  /// it is shared or empty.
  var zoneIndex: UInt16?
  /// The order of the folios whose descriptors the section is meant for; 0 for ordinary memory.
  var folioOrder = PageOrder.page
  /// The subsections that have descriptors, one bit for each 1/64 of the section.
  var subsections: UInt64 = 0
}

/// A section as the table keeps it: hot-plug changes it while others look, so its words are atomic.
@safe struct StoredSection: ~Copyable {
  /// Marks, the order of folios, and the zone's index plus one.
  private let word = Atomic<UInt64>(0)
  private let subsections = Atomic<UInt64>(0)
  /// The pageblocks' types with their isolate bits; they stay for as long as the table.
  let pageblocks = unsafe Atomic<UnsafeMutablePointer<Atomic<UInt8>>?>(nil)

  deinit {
    unsafe pageblocks.load(ordering: .relaxed)?.deallocate()
  }

  /// The zone that all of the section belongs to.
  @inline(__always)
  var zoneIndex: Int? {
    let stored = Int(truncatingIfNeeded: word.load(ordering: .relaxed) &>> 16)
    return stored == 0 ? nil : stored &- 1
  }

  /// The facts about the section that are true.
  @inline(__always)
  var marks: MemorySection.Marks {
    MemorySection.Marks(rawValue: UInt8(truncatingIfNeeded: word.load(ordering: .acquiring)))
  }

  /// All that is known of the section.
  var value: MemorySection {
    let stored = word.load(ordering: .acquiring)
    return MemorySection(
      marks: MemorySection.Marks(rawValue: UInt8(truncatingIfNeeded: stored)),
      zoneIndex: stored &>> 16 == 0 ? nil : UInt16(truncatingIfNeeded: stored &>> 16 &- 1),
      folioOrder: PageOrder(Int(truncatingIfNeeded: stored &>> 8 & 0xff)),
      subsections: subsections.load(ordering: .relaxed))
  }

  /// Stores all that is known of the section; one caller at a time.
  func store(_ value: MemorySection) {
    subsections.store(value.subsections, ordering: .relaxed)
    let zone = value.zoneIndex.map { UInt64($0) + 1 } ?? 0
    let order = UInt64(truncatingIfNeeded: value.folioOrder.index)
    word.store(UInt64(value.marks.rawValue) | order &<< 8 | zone &<< 16, ordering: .releasing)
  }
}
