// SPDX-License-Identifier: Apache-2.0

extension MemorySubsystem {
  /// Whatever is wrong with the subsystem; empty if nothing is.
  ///
  /// The check puts together, from free lists, page tables, pools and boot's notes, who has each
  /// frame; it holds that against every counter, and looks at every descriptor that means something.
  /// It reads through the tables in memory and not through the MMU, so it neither sees stale
  /// translations nor makes any fresh.
  ///
  /// - Precondition: nobody is at work: pages between two states would be found.
  /// - Complexity: O(*n* log *n*) in free blocks, vmemmap pages with entries of their own, and huge
  ///   pages; whole free sections cost nothing, memory in somebody's hand a look at its descriptors.
  public func checkInvariants() -> [InvariantViolation] { checkInvariants(inHand: []) }

  /// The same, where the caller has huge pages in hand that are in no pool.
  func checkInvariants(inHand: [Folio]) -> [InvariantViolation] {
    var check = InvariantCheck(self, inHand: inHand)
    check.run()
    return check.violations
  }

  /// Whose the frames are at this moment.
  ///
  /// - Precondition: nobody is at work.
  func frameOwnership() -> FrameOwnership {
    var check = InvariantCheck(self, inHand: [])
    check.run()
    return check.ownership
  }
}

/// One look at all of a subsystem; each of its parts is a file.
struct InvariantCheck {
  /// A huge page, and on whose word it is one.
  struct FoundFolio {
    /// Where it was found.
    enum Place {
      /// On a list of free pages of its pool.
      case free
      /// On its pool's list of pages in use.
      case active
      /// Waiting to be unfolded and released.
      case deferred
      /// In no list: the caller has it in hand.
      case held
    }

    let folio: Folio
    let place: Place
  }

  let subsystem: MemorySubsystem
  let view: DescriptorView
  /// Huge pages in no pool that the caller has in hand.
  let inHand: [Folio]
  var violations: [InvariantViolation] = []
  var ownership = FrameOwnership()

  /// Who has what; sorted before ``checkOwners()``.
  var owners = FrameOwners()
  /// Frames that hold descriptors, as the tables say.
  var backing: [FrameRange] = []
  /// Frames that are set aside for descriptors of their own blocks, ascending.
  var selfHosted: [FrameRange] = []
  /// How many of them hold some.
  var selfHostedBackingCount: UInt = 0
  /// Addresses that the tables map.
  var mapped = AddressRanges()
  /// Addresses that are mapped to a frame which another page shows, too.
  var folded = AddressRanges()
  /// Pages with a frame of their own that cannot be written.
  var readOnly = AddressRanges()
  /// The end of the page looked at last, and the frame it is mapped to.
  var lastEntry = (end: VirtualAddress(0), frame: PageFrameNumber(0))
  /// Frames that folded pages share, ascending.
  var sharedTails: [PageFrameNumber] = []
  /// How often frames are mapped by folded descriptors of devices, by frame.
  var deviceMappings: [(frame: PageFrameNumber, count: UInt)] = []
  /// Vmemmap pages that descriptors of devices share, by address.
  var foldedDevices: [Range<VirtualAddress>] = []
  /// Huge pages.
  var folios: [FoundFolio] = []
  /// Leaves that map vmalloc areas, in order of address.
  var areaLeaves: [AreaLeaf] = []
  /// Tables that were made since boot.
  var runtimeTableCount: UInt = 0

  init(_ subsystem: MemorySubsystem, inHand: [Folio]) {
    self.subsystem = subsystem
    self.inHand = inHand
    view = DescriptorView(
      machine: subsystem.machine, tables: subsystem.tables, vmemmap: subsystem.vmemmap)
  }

  var topology: MemoryTopology { subsystem.topology }
  var vmemmap: Vmemmap { subsystem.vmemmap }
  var allocator: PageAllocator { subsystem.allocator }

  /// Looks at everything.
  mutating func run() {
    // First: what comes later may read through the MMU and so make translations fresh.
    checkCaches()
    checkMemory()
    collectSelfHosted()
    checkBlocks()
    checkSharedTails()
    checkTables()
    sortDeviceMappings()
    checkCoverage()
    checkDevices()
    checkBacking()
    checkAreas()
    checkFreeMemory()
    checkPoolLists()
    owners.sort()
    checkOwners()
    checkFolding()
    checkPools()
    dropConsequences()
  }

  /// Notes a violation unless both numbers are the same.
  @inline(__always)
  mutating func expect(
    _ rule: InvariantRule, _ subject: InvariantViolation.Subject, wanted: UInt, found: UInt
  ) {
    guard wanted != found else { return }
    report(rule, subject, wanted: wanted, found: found)
  }

  /// Notes a violation; of very many only the first are kept.
  @inline(never)
  mutating func report(
    _ rule: InvariantRule, _ subject: InvariantViolation.Subject, wanted: UInt? = nil,
    found: UInt? = nil
  ) {
    guard violations.count < 1000 else { return }
    violations.append(
      InvariantViolation(rule: rule, subject: subject, wanted: wanted, found: found))
  }

  /// Notes a violation at `pfn`.
  mutating func report(
    _ rule: InvariantRule, at pfn: PageFrameNumber, wanted: UInt? = nil, found: UInt? = nil
  ) {
    report(rule, .frame(pfn), wanted: wanted, found: found)
  }

  /// The zone that `pfn` is mapped memory of.
  func zone(of pfn: PageFrameNumber) -> Zone? {
    guard topology.sections[topology.sections.number(of: pfn)].marks.contains(.hasMap) else {
      return nil
    }
    return topology.zone(of: pfn)
  }
}
