// SPDX-License-Identifier: Apache-2.0

extension InvariantRule {
  /// What is broken, too, where this is: it would say the same again, or count what is known to be
  /// wrong.
  ///
  /// No rule is, directly or in steps, a consequence of itself.
  var consequences: [Self] {
    switch self {
    case .nodeMemory: [.blocksOfNode]
    case .oneNode: [.nodeMemory, .presentPages, .blocksOfNode, .managedPages]
    case .soundLink, .listEnd, .alignedBlock: Self.followingLists
    case .oneOwner, .freedSharedTail: Self.followingOwners
    case .mappedDescriptors: Self.followingMapping
    case .ownEntries: [.sharedTailExists, .sharedTailMapping, .ownTailMapping]
    case .ownTailMapping, .deviceTailMapping, .deviceSharedTail: Self.followingTails
    case .keptWritable: [.wholeWritable]
    case .hugePageReferences: [.freeListPage]
    case .freeListPage: [.uncountedPage, .poolPageCount]
    case .freeListLength, .poolPageCount: [.poolPages]
    case .mapLookUp: [.deviceMemory]
    case .areaTree: [.areaAddresses]
    case .areaPageCount, .areaBlock: [.areaMapping, .areaNodePages]
    case .unpurgedAreas: [.unpurgedPages]
    default: []
    }
  }

  /// What is wrong if a list could not be followed to its end.
  private static var followingLists: [Self] {
    [
      .freePages, .freeContiguousPages, .listedFreeFrame, .lostFrame, .managedPages, .cpuPages,
      .poolPages, .unfoldedMapping, .wholeWritable, .mergedBuddies, .headMark,
    ]
  }

  /// What is wrong if a frame has two owners: its descriptor is that of one.
  private static var followingOwners: [Self] {
    [.selfHostedMark, .kernelFrame, .areaPage, .freeHead, .freeInterior, .sharedTailContent]
  }

  /// What is wrong if descriptors are not mapped: nobody can look at them.
  private static var followingMapping: [Self] {
    followingLists + [.soundLink, .listEnd, .bootVmemmap, .runtimeVmemmap]
  }

  /// What is wrong if a vmemmap page of tails shows a frame that it should not.
  private static var followingTails: [Self] {
    [
      .bootVmemmap, .runtimeVmemmap, .ownVmemmapFrame, .wholeWritable, .sharedReferences,
      .deviceTail, .devicePlace, .descriptorWords,
    ]
  }
}

extension InvariantCheck {
  /// Forgets what follows from something else that was found.
  mutating func dropConsequences() {
    guard !violations.isEmpty else { return }
    var isConsequence = Array(repeating: false, count: InvariantRule.allCases.count)
    for violation in violations {
      for rule in violation.rule.consequences { isConsequence[Int(rule.rawValue)] = true }
    }
    violations.removeAll { isConsequence[Int($0.rule.rawValue)] }
  }
}
