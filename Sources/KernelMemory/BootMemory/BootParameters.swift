// SPDX-License-Identifier: Apache-2.0

/// What the kernel command line asks of memory.
///
/// Unknown options are kept in ``options`` and otherwise ignored; so are known ones with a value that
/// the kernel refuses. Where an option is given twice the last valid one counts, but for those that
/// are lists.
public struct BootParameters: Sendable {
  /// Every option of the line, known or not, in their order.
  public private(set) var options: [BootOption] = []
  /// `hugetlb_free_vmemmap=`: whether huge pages give back descriptors; `nil` if not given.
  public private(set) var optimizesVmemmap: Bool?
  /// `hugepagesz=`, `hugepages=`, `default_hugepagesz=`, in their order, not yet interpreted.
  public private(set) var hugePageDirectives: [HugePageDirective] = []
  /// `hugetlb_cma=` and `hugetlb_cma_only=`.
  public private(set) var contiguousPool = ContiguousPoolRequest()
  /// `hugepage_alloc_threads=`: how many threads allocate huge pages at boot; never 0.
  public private(set) var allocationThreadCount: UInt?
  /// `mem=` and `memmap=`, to be applied to the firmware's map in their order.
  public private(set) var memoryMapEdits: [MemoryMapEdit] = []
  /// `kernelcore=`: how much memory is not movable.
  public private(set) var kernelMemory: MemoryShare?
  /// `movablecore=`: how much memory is movable.
  public private(set) var movableMemory: MemoryShare?
  /// `movable_node`: whether hot-pluggable memory is movable.
  public private(set) var keepsHotPluggableMemoryMovable = false
  /// `memory_hotplug.memmap_on_memory=`, as given; empty if given without value.
  public private(set) var memmapOnMemory: ArraySlice<UInt8>?
  /// Every `memhp_default_state=`, as given; the last that is a state counts.
  public private(set) var addedMemoryStates: [ArraySlice<UInt8>] = []

  /// Reads a command line.
  public init(commandLine: ArraySlice<UInt8>, rules: BootParameterRules) {
    for option in BootOptions(commandLine) {
      options.append(option)
      read(option, rules)
    }
  }

  /// The first option named `name`, known to this type or not.
  public func option(named name: StaticString) -> BootOption? {
    options.first { $0.isNamed(name) }
  }
}

extension BootParameters {
  private mutating func read(_ option: BootOption, _ rules: BootParameterRules) {
    if option.isNamed("hugetlb_free_vmemmap") {
      optimizesVmemmap = rules.vmemmapSwitch(option.value) ?? optimizesVmemmap
    } else if option.isNamed("movable_node") {
      keepsHotPluggableMemoryMovable = true
    } else if option.isNamed("memory_hotplug.memmap_on_memory") {
      memmapOnMemory = option.value ?? []
    } else if let value = option.value, !readHugePages(option, value, rules) {
      readMemory(option, value)
    }
  }

  private mutating func readHugePages(
    _ option: BootOption, _ value: ArraySlice<UInt8>, _ rules: BootParameterRules
  ) -> Bool {
    if let kind = HugePageDirective.Kind(option) {
      hugePageDirectives.append(HugePageDirective(kind, value))
    } else if option.isNamed("hugetlb_cma") {
      contiguousPool.read(value, rules)
    } else if option.isNamed("hugetlb_cma_only"), rules.hasExclusiveContiguousPool {
      contiguousPool.wantsExclusiveUse =
        (try? Parsing.kernelBoolean(value, words: rules.switchWords))
        ?? contiguousPool.wantsExclusiveUse
    } else if option.isNamed("hugepage_alloc_threads"), rules.hasAllocationThreads {
      let count = try? Parsing.sysfsUnsignedAutoBase(value)
      allocationThreadCount = count.flatMap { $0 > 0 ? $0 : nil } ?? allocationThreadCount
    } else {
      return false
    }
    return true
  }

  private mutating func readMemory(_ option: BootOption, _ value: ArraySlice<UInt8>) {
    if option.isNamed("mem") {
      if let edit = MemoryMapEdit.parse(limitText: value) { memoryMapEdits.append(edit) }
    } else if option.isNamed("memmap") {
      memoryMapEdits += MemoryMapEdit.parse(mapText: value)
    } else if option.isNamed("kernelcore") {
      kernelMemory = MemoryShare(kernelText: value, after: kernelMemory)
    } else if option.isNamed("movablecore") {
      movableMemory = MemoryShare(value)
    } else if option.isNamed("memhp_default_state") {
      addedMemoryStates.append(value)
    }
  }
}

extension BootParameterRules {
  /// What `hugetlb_free_vmemmap=` is set to by `value`; `nil` if it is refused and changes nothing.
  fileprivate func vmemmapSwitch(_ value: ArraySlice<UInt8>?) -> Bool? {
    switch vmemmapSwitch {
    case .coreParameter where value == nil: return true
    case .coreParameter, .earlyParameter:
      return value.flatMap { try? Parsing.kernelBoolean($0, words: switchWords) }
    case .onOrOff:
      guard let value else { return nil }
      if ("on" as StaticString).isEqual(to: value) { return true }
      return ("off" as StaticString).isEqual(to: value) ? false : nil
    }
  }
}
