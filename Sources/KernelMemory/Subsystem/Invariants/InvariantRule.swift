// SPDX-License-Identifier: Apache-2.0

/// One thing that the check of invariants looks at: a law, or a part of one.
///
/// All that the check can find is here, so the cases are its catalogue: none can be reported that is
/// not, and the tests damage a subsystem for each of them and see it reported, alone.
public enum InvariantRule: UInt8, CaseIterable, Sendable {
  // P-PHYS: memory, zones, sections, descriptors.
  case presentPages, nodeMemory, oneNode, managedTotal, freeHead, freeInterior, cpuBlock
  case subsections, freeBlockZone, freeHeadZone, cpuBlockZone, heldFrameZone, headZone, vmemmapBase
  case headMark

  // P-BUDDY: free memory.
  case alignedBlock, mergedBuddies, freePages, freeContiguousPages, wholeFreeSection
  case listedFreeFrame, lostFrame, kernelFrame, hugePageReferences, isolatedBlock, pageblockType
  case zoneOrder

  // P-PT: page tables.
  case tableInMemory, lostTable

  // P-POP: what the descriptors live in.
  case mappedDescriptors, altmapUse, altmapLimit, sharedReferences, presentSection, emptySection
  case entryBits, unmappedRest

  // P-HVO: folded descriptors.
  case foldableOrder, ownEntries, sharedTailExists, sharedTailMapping, ownTailMapping, tailReadOnly
  case keptWritable, wholeWritable, ownVmemmapFrame, tailHead, tailZone, sharedTailContent
  case bootVmemmap, runtimeVmemmap, selfHostedWhole

  // P-POOL: pools.
  case poolNodeSum, poolExcess, freeListLength, freeListPage, hugePageAlignment, hugePageMark
  case reservation, target, temporaryOnFreeList, poisonRecord, uncountedPage, poolPageCount

  // P-DEV: memory of devices.
  case altmapFrames, altmapPlace, mapLookUp, genericReferences, privateReferences, devicePlace
  case deviceMap, deviceReferences, deviceTail, altmapDescriptor, unmanagedDevices
  case deviceTailMapping, deviceSharedTail, deviceTailReadOnly

  // P-MHP: memory that comes and goes.
  case onlineSections, sectionZone, movableOfGroup, kernelOfGroup, groupExists, blocksOfNode
  case isolatedMemory, halfOffline, isolatedDescriptors, movableDescriptors, selfHostedMark
  case falseSelfHostedMark, offlineBlockZone, offlineSectionZone, offlineDescriptor
  case selfHostedFrames, selfHostedLeaves

  // P-VMALLOC: vmalloc areas.
  case areaSize, areaTree, areaAddresses, areaRange, areaStart, areaPageCount, areaBlock, areaPage
  case incompleteArea, areaMapping, areaHole, deviceMapping, mappedGuard, strayLeaf, largeLeaf
  case unpurgedAreas, purgeThreshold, hugeForbidden, areaNodePages

  // I: the whole.
  case descriptorWords, oneOwner, tableCount, managedPages, badFrames, cpuPages, poolPages
  case unpurgedPages, deviceMemory, addedBlocks, freedSharedTail, freshCache, cachedPermission
  case unfoldedMapping, soundLink, linkBack, listEnd
}
