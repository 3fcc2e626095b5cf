// SPDX-License-Identifier: Apache-2.0

extension InvariantRule {
  /// The law that it is, or is part of.
  public var predicate: InvariantPredicate { entry.predicate }

  /// What should be so.
  public var sentence: StaticString { entry.sentence }

  /// The catalogue.
  private var entry: (predicate: InvariantPredicate, sentence: StaticString) {
    switch self {
    // P-PHYS: memory, zones, sections, descriptors.
    case .presentPages: (.physical(3), "a zone's present pages are the memory in its span")
    case .nodeMemory: (.physical(3), "each frame of a node lies in one of its zones")
    case .oneNode: (.physical(3), "a frame belongs to one node")
    case .managedTotal: (.physical(4), "the zones' managed pages add up to the total")
    case .freeHead: (.physical(5), "a free block's head says so, and its order")
    case .freeInterior: (.physical(5), "a frame inside a free block is nobody's")
    case .cpuBlock: (.physical(5), "a block that a CPU keeps is nobody's")
    case .subsections: (.physical(9), "the subsections with memory are those that are marked")
    case .freeBlockZone: (.physical(10), "a free block is memory of its list's zone")
    case .freeHeadZone: (.physical(10), "a free block's head names its zone and nothing else")
    case .cpuBlockZone: (.physical(10), "a CPU keeps a zone's blocks by zone")
    case .heldFrameZone: (.physical(10), "a descriptor names the zone of its frame")
    case .headZone: (.physical(10), "a head names the zone of all its frames")
    case .vmemmapBase:
      (.physical(13), "the descriptors of the largest folio start on their own size")
    case .headMark: (.physical(14), "a head is marked as one and not as a tail")
    // P-BUDDY: free memory.
    case .alignedBlock: (.buddy(1), "a free block is naturally aligned")
    case .mergedBuddies: (.buddy(1), "a free block and its free buddy are one block")
    case .freePages: (.buddy(2), "free pages are those of the free blocks")
    case .freeContiguousPages:
      (.buddy(2), "free pages for contiguous memory are those of the free blocks")
    case .wholeFreeSection: (.buddy(3), "a whole free section is memory of one zone")
    case .listedFreeFrame: (.buddy(3), "a frame that says it is free is on a list")
    case .lostFrame: (.buddy(3), "a frame that nobody has is free")
    case .kernelFrame: (.buddy(4), "a frame in the kernel's use has one reference and its type")
    case .hugePageReferences:
      (.buddy(4), "a huge page has references if, and only if, it is in use")
    case .isolatedBlock: (.buddy(13), "a block on an isolated list is isolated")
    case .pageblockType: (.buddy(17), "a free block is on the list of its pageblock's type")
    case .zoneOrder: (.buddy(20), "requests of a node try every populated zone once")
    // P-PT: page tables.
    case .tableInMemory: (.pageTables(2), "an entry leads to a table in memory")
    case .lostTable: (.pageTables(2), "a frame that says it is a page table is one")
    // P-POP: what the descriptors live in.
    case .mappedDescriptors: (.population(1), "descriptors of present sections are mapped")
    case .altmapUse: (.population(8), "an altmap has given out what the descriptors need")
    case .altmapLimit: (.population(8), "an altmap is its own block's and lies in it")
    case .sharedReferences: (.population(13), "a frame that devices share has a reference for each")
    case .presentSection: (.population(15), "a section with descriptors is present")
    case .emptySection: (.population(15), "a section without descriptors has no marks")
    case .entryBits: (.population(17), "an entry has the kernel's bits and no others")
    case .unmappedRest: (.population(18), "descriptors of no memory are not mapped")
    // P-HVO: folded descriptors.
    case .foldableOrder: (.folding(1), "only a page that can be folded is folded")
    case .ownEntries: (.folding(2), "a folded page has entries of its own")
    case .sharedTailExists: (.folding(3), "a zone has a shared tail of a folded page's order")
    case .sharedTailMapping:
      (.folding(3), "the tails of a folded page show their zone's shared tail")
    case .ownTailMapping: (.folding(4), "the tails of a folded page show a page of its own")
    case .tailReadOnly: (.folding(5), "tails of a folded page cannot be written")
    case .keptWritable: (.folding(5), "what a folded page keeps can be written")
    case .wholeWritable: (.folding(7), "a page that is not folded can be written")
    case .ownVmemmapFrame: (.folding(7), "a vmemmap page that is not folded has a frame of its own")
    case .tailHead: (.folding(8), "a tail leads to its head")
    case .tailZone: (.folding(9), "a tail names its zone")
    case .sharedTailContent: (.folding(10), "a shared tail never changes")
    case .bootVmemmap: (.folding(14), "vmemmap pages from boot are counted")
    case .runtimeVmemmap: (.folding(14), "vmemmap pages from the page allocator are counted")
    case .selfHostedWhole: (.folding(23), "descriptors on the memory they describe stay whole")
    // P-POOL: pools.
    case .poolNodeSum: (.pools(1), "a pool's count is the sum of its nodes'")
    case .poolExcess: (.pools(2), "no more pages are free, or surplus, than there are")
    case .freeListLength: (.pools(3), "a node's free pages are those on its list")
    case .freeListPage: (.pools(3), "a page on a free list is marked as one and has no reference")
    case .hugePageAlignment: (.pools(3), "a huge page is naturally aligned")
    case .hugePageMark: (.pools(3), "a page of a pool is marked as one")
    case .reservation: (.pools(4), "no more pages are promised than are free")
    case .target: (.pools(5), "pages that are not surplus are those that were asked for")
    case .temporaryOnFreeList: (.pools(14), "a page on loan is on no free list")
    case .poisonRecord: (.pools(16), "a page with a bad frame is marked")
    case .uncountedPage: (.pools(22), "a page of a pool is counted, or on its way out and folded")
    case .poolPageCount: (.pools(22), "a pool counts the pages that say they are its")
    // P-DEV: memory of devices.
    case .altmapFrames: (.devices(1), "an altmap's used frames are those with descriptors")
    case .altmapPlace: (.devices(1), "descriptors lie where the altmap allows it")
    case .mapLookUp: (.devices(6), "a frame is found in the map that has it")
    case .genericReferences: (.devices(10), "a map counts itself and its pages")
    case .privateReferences: (.devices(11), "a map counts itself and its pages in use")
    case .devicePlace: (.devices(12), "a page of a device names its zone and is reserved")
    case .deviceMap: (.devices(12), "a page of a device names its map")
    case .deviceReferences: (.devices(12), "a page of a device has the references of an idle one")
    case .deviceTail: (.devices(12), "a tail of a device's page leads to its head")
    case .altmapDescriptor:
      (.devices(12), "a frame that an altmap keeps is reserved, for the kernel")
    case .unmanagedDevices: (.devices(13), "nothing in a zone of devices is present or managed")
    case .deviceTailMapping: (.devices(14), "tails of a device's page show a page of its own")
    case .deviceSharedTail: (.devices(16), "tails of a device's page show their zone's shared tail")
    case .deviceTailReadOnly: (.devices(16), "tails that devices share cannot be written")
    // P-MHP: memory that comes and goes.
    case .onlineSections: (.hotplug(2), "a block is online if, and only if, its sections are")
    case .sectionZone: (.hotplug(2), "a block's sections belong to its zone")
    case .movableOfGroup: (.hotplug(4), "a group's movable pages are those of its blocks")
    case .kernelOfGroup: (.hotplug(4), "a group's pages for the kernel are those of its blocks")
    case .groupExists: (.hotplug(4), "a block's group is one that there is")
    case .blocksOfNode: (.hotplug(4), "a node's memory is that of its blocks that are online")
    case .isolatedMemory: (.hotplug(5), "memory is isolated only while it goes offline")
    case .halfOffline: (.hotplug(6), "nothing is left half offline")
    case .isolatedDescriptors:
      (.hotplug(7), "frames with descriptors of their block are never isolated")
    case .movableDescriptors:
      (.hotplug(7), "frames with descriptors of their block are never moved")
    case .selfHostedMark: (.hotplug(8), "a frame with descriptors of its block says so")
    case .falseSelfHostedMark: (.hotplug(8), "no other frame says that it holds its descriptors")
    case .offlineBlockZone: (.hotplug(9), "a block that is offline has no zone")
    case .offlineSectionZone: (.hotplug(9), "a section that is offline belongs to no zone")
    case .offlineDescriptor: (.hotplug(9), "a descriptor of an offline block says nothing")
    case .selfHostedFrames:
      (.hotplug(10), "a self-hosted block is described by its own frames only")
    case .selfHostedLeaves: (.hotplug(10), "a self-hosted block's descriptors are mapped by leaves")
    // P-VMALLOC: vmalloc areas.
    case .areaSize: (.vmalloc(1), "an area is what was asked for in whole blocks, and a guard")
    case .areaTree: (.vmalloc(2), "areas are in order, apart, and found in a balanced tree")
    case .areaAddresses: (.vmalloc(2), "an area has the addresses that are kept for it")
    case .areaRange: (.vmalloc(2), "an area lies among the addresses of areas")
    case .areaStart: (.vmalloc(4), "an area of blocks starts on their size")
    case .areaPageCount: (.vmalloc(5), "an area has a frame for each base page")
    case .areaBlock: (.vmalloc(5), "the frames of a block lie together and are aligned")
    case .areaPage: (.vmalloc(6), "a page of an area has a reference and is part of no other")
    case .incompleteArea: (.vmalloc(7), "an area is complete, or it is gone")
    case .areaMapping: (.vmalloc(8), "a page of an area is mapped to the frame at its place")
    case .areaHole: (.vmalloc(8), "every page of an area is mapped")
    case .deviceMapping: (.vmalloc(8), "a device's memory is mapped byte by byte")
    case .mappedGuard: (.vmalloc(9), "nothing is mapped behind an area, nor after it is freed")
    case .strayLeaf: (.vmalloc(9), "nothing is mapped without an area")
    case .largeLeaf: (.vmalloc(11), "no leaf is larger than its area's blocks")
    case .unpurgedAreas: (.vmalloc(13), "freed areas keep their addresses until they are purged")
    case .purgeThreshold: (.vmalloc(14), "freed areas are purged once they are many")
    case .hugeForbidden: (.vmalloc(18), "no area has larger blocks where that is forbidden")
    case .areaNodePages: (.vmalloc(20), "pages that areas own are counted by node")
    // I: the whole.
    case .descriptorWords: (.whole(1), "a descriptor says nothing that nobody wrote")
    case .oneOwner: (.whole(2), "a frame has one owner")
    case .tableCount: (.whole(3), "tables made since boot are counted")
    case .managedPages: (.whole(3), "managed pages are all that boot did not keep")
    case .badFrames: (.whole(3), "frames that are kept because they are bad are counted")
    case .cpuPages: (.whole(3), "pages that CPUs keep are counted")
    case .poolPages: (.whole(3), "a pool's pages are free or in use")
    case .unpurgedPages: (.whole(3), "pages of areas that are not purged yet are counted")
    case .deviceMemory: (.whole(3), "memory of devices is what maps have")
    case .addedBlocks: (.whole(3), "memory that was added is made of blocks")
    case .freedSharedTail: (.whole(4), "a shared tail is never freed")
    case .freshCache: (.whole(5), "a TLB holds what the tables say")
    case .cachedPermission: (.whole(5), "a TLB allows no more than the tables do")
    case .unfoldedMapping: (.whole(6), "only tails of folded pages share a frame")
    case .soundLink: (.whole(9), "a link leads to a descriptor")
    case .linkBack: (.whole(9), "the link back leads to where one came from")
    case .listEnd: (.whole(9), "a list ends with its last member and is as long as it says")
    }
  }
}
