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
@safe struct MemorySection {
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
  }

  var marks: Marks = []
  /// The zone that all of the section belongs to, as an index into the topology's zones; nil if
  /// it is shared or empty.
  var zoneIndex: UInt16?
  /// The order of the folios whose descriptors the section is meant for; 0 for ordinary memory.
  var folioOrder = PageOrder.page
  /// The subsections that have descriptors, one bit for each 1/64 of the section.
  var subsections: UInt64 = 0
  /// The pageblocks' types with their isolate bits; owned by the section table.
  var pageblocks: UnsafeMutablePointer<Atomic<UInt8>>?
}
