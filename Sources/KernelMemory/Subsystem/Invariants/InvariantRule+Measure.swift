// SPDX-License-Identifier: Apache-2.0

extension InvariantRule {
  /// How one tells what should be and what is.
  enum Measure {
    /// In words that are always the same.
    case words(wanted: StaticString, found: StaticString)
    /// As numbers of something.
    case count(of: StaticString)
    /// As frame numbers; the largest is none.
    case frame
    /// As a pattern of bits, or an address.
    case bits
  }

  /// How one tells what should be and what is.
  var measure: Measure {
    switch self {
    case .presentPages, .nodeMemory, .managedTotal, .freePages, .freeContiguousPages, .bootVmemmap,
      .runtimeVmemmap, .poolNodeSum, .poolExcess, .freeListLength, .reservation, .target,
      .poolPageCount, .unmanagedDevices, .movableOfGroup, .kernelOfGroup, .blocksOfNode,
      .purgeThreshold, .areaNodePages, .managedPages, .cpuPages, .poolPages, .unpurgedPages,
      .deviceMemory:
      .count(of: "pages")
    case .subsections: .bits
    case .vmemmapBase: .count(of: "bytes off")
    case .zoneOrder: .count(of: "zones")
    case .altmapUse, .altmapFrames, .areaPageCount, .badFrames: .count(of: "frames")
    case .sharedTailMapping, .ownTailMapping, .deviceTailMapping, .deviceSharedTail, .deviceMapping,
      .freshCache:
      .frame
    case .genericReferences, .privateReferences: .count(of: "references")
    case .areaSize: .count(of: "bytes")
    case .areaAddresses, .unpurgedAreas: .count(of: "areas")
    case .hugeForbidden: .count(of: "pages a block")
    case .tableCount: .count(of: "tables")
    case .addedBlocks: .count(of: "blocks")
    case .linkBack: .bits
    case .listEnd: .count(of: "members")
    case .oneNode: .words(wanted: "one node", found: "two")
    case .freeHead: .words(wanted: "a free block", found: "something else")
    case .freeInterior, .cpuBlock: .words(wanted: "nobody's", found: "in use")
    case .freeBlockZone: .words(wanted: "the list's zone", found: "another")
    case .freeHeadZone: .words(wanted: "the zone", found: "other marks")
    case .cpuBlockZone: .words(wanted: "the lists' zone", found: "another")
    case .heldFrameZone, .headZone: .words(wanted: "its zone", found: "another")
    case .headMark: .words(wanted: "a head", found: "none, or a tail")
    case .alignedBlock, .hugePageAlignment, .areaStart: .words(wanted: "alignment", found: "none")
    case .mergedBuddies: .words(wanted: "one block", found: "two")
    case .wholeFreeSection: .words(wanted: "one zone's memory", found: "something else")
    case .listedFreeFrame: .words(wanted: "a list that has it", found: "none")
    case .lostFrame: .words(wanted: "an owner", found: "none")
    case .kernelFrame: .words(wanted: "its type, one reference", found: "something else")
    case .hugePageReferences: .words(wanted: "references if in use", found: "otherwise")
    case .isolatedBlock: .words(wanted: "isolation", found: "none")
    case .pageblockType: .words(wanted: "its pageblock's list", found: "another")
    case .tableInMemory: .words(wanted: "memory", found: "none")
    case .lostTable: .words(wanted: "an entry that leads to it", found: "none")
    case .mappedDescriptors, .areaHole: .words(wanted: "a mapping", found: "none")
    case .altmapLimit: .words(wanted: "the block's own", found: "another")
    case .sharedReferences: .words(wanted: "a reference for each", found: "another number")
    case .presentSection: .words(wanted: "present", found: "not present")
    case .emptySection: .words(wanted: "no marks", found: "some")
    case .entryBits: .words(wanted: "the kernel's bits", found: "others")
    case .unmappedRest, .mappedGuard, .strayLeaf: .words(wanted: "no mapping", found: "one")
    case .foldableOrder, .selfHostedWhole: .words(wanted: "whole", found: "folded")
    case .ownEntries: .words(wanted: "entries", found: "a leaf")
    case .sharedTailExists: .words(wanted: "a shared tail", found: "none")
    case .tailReadOnly, .deviceTailReadOnly, .cachedPermission:
      .words(wanted: "read-only", found: "writable")
    case .keptWritable, .wholeWritable: .words(wanted: "writable", found: "read-only")
    case .ownVmemmapFrame: .words(wanted: "one page", found: "two")
    case .tailHead, .deviceTail: .words(wanted: "its head", found: "another")
    case .tailZone: .words(wanted: "its zone", found: "other marks")
    case .sharedTailContent: .words(wanted: "tails", found: "something else")
    case .freeListPage: .words(wanted: "free marks, no reference", found: "otherwise")
    case .hugePageMark: .words(wanted: "a pool's mark", found: "none")
    case .temporaryOnFreeList: .words(wanted: "no page on loan", found: "one")
    case .poisonRecord: .words(wanted: "a mark", found: "none")
    case .uncountedPage: .words(wanted: "a count", found: "none")
    case .altmapPlace: .words(wanted: "frames of the altmap", found: "others")
    case .mapLookUp, .deviceMap: .words(wanted: "its map", found: "another")
    case .devicePlace: .words(wanted: "its zone, reserved", found: "other marks")
    case .deviceReferences: .words(wanted: "those of an idle page", found: "fewer")
    case .altmapDescriptor: .words(wanted: "the kernel's own", found: "something else")
    case .onlineSections: .words(wanted: "what its block is", found: "the contrary")
    case .sectionZone: .words(wanted: "the block's zone", found: "another")
    case .groupExists: .words(wanted: "a group", found: "none")
    case .isolatedMemory, .isolatedDescriptors: .words(wanted: "not isolated", found: "isolated")
    case .halfOffline: .words(wanted: "online or offline", found: "half")
    case .movableDescriptors: .words(wanted: "unmovable", found: "movable")
    case .selfHostedMark: .words(wanted: "the mark, one reference", found: "otherwise")
    case .falseSelfHostedMark: .words(wanted: "no mark", found: "a mark")
    case .offlineBlockZone, .offlineSectionZone: .words(wanted: "no zone", found: "one")
    case .offlineDescriptor: .words(wanted: "nothing", found: "something")
    case .selfHostedFrames: .words(wanted: "its own frames", found: "others")
    case .selfHostedLeaves: .words(wanted: "a leaf", found: "entries")
    case .areaTree: .words(wanted: "a balanced tree", found: "disorder")
    case .areaRange: .words(wanted: "addresses of areas", found: "others")
    case .areaBlock: .words(wanted: "one block", found: "pieces")
    case .areaPage: .words(wanted: "a page by itself", found: "something else")
    case .incompleteArea: .words(wanted: "complete", found: "incomplete")
    case .areaMapping: .words(wanted: "its frame", found: "another")
    case .largeLeaf: .words(wanted: "leaves of its blocks' size", found: "larger")
    case .descriptorWords: .words(wanted: "what its owner writes", found: "something else")
    case .oneOwner: .words(wanted: "one owner", found: "two")
    case .freedSharedTail: .words(wanted: "the shared tail's", found: "free")
    case .unfoldedMapping: .words(wanted: "an own frame", found: "a shared one")
    case .soundLink: .words(wanted: "a descriptor", found: "something else")
    }
  }
}
