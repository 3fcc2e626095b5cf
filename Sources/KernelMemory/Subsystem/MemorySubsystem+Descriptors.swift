// SPDX-License-Identifier: Apache-2.0

// What the descriptors of some memory are mapped to, and where that lies.

/// Frames at the start of a device's memory that hold descriptors, and those before them.
public struct DescriptorReserve: Equatable, Sendable {
  /// Frames that the device's owner keeps for itself.
  ///
  /// - Unit: base pages.
  public var ownerPageCount: UInt
  /// Frames for descriptors behind these.
  ///
  /// - Unit: base pages.
  public var descriptorPageCount: UInt

  /// Sets frames aside.
  public init(ownerPageCount: UInt, descriptorPageCount: UInt) {
    (self.ownerPageCount, self.descriptorPageCount) = (ownerPageCount, descriptorPageCount)
  }
}

extension MemorySubsystem {
  /// Counts the entries that map the descriptors of `frames`.
  ///
  /// - Complexity: O(*n* log *n*) in the number of vmemmap pages with entries of their own.
  public func descriptorCensus(of frames: FrameRange) -> MappingCensus {
    tables.census(of: vmemmap.addresses(describing: frames))
  }

  /// The frames that hold the descriptors of `frames`, ascending, each once.
  ///
  /// - Complexity: O(*n* log *n*) in the number of vmemmap pages with entries of their own.
  public func descriptorFrames(of frames: FrameRange) -> [FrameRange] {
    let addresses = vmemmap.addresses(describing: frames)
    var runs: [FrameRange] = []
    var address = addresses.lowerBound.rounded(downToBytes: format.pageSize.byteCount)
    while address < addresses.upperBound {
      let isTable = tables.existingTable(for: address, level: 0) != nil
      let step = isTable ? format.pageSize.byteCount : format.pmdByteCount
      let next = address.rounded(downToBytes: step).advanced(byBytes: step)
      if let first = tables.frame(mappedAt: address) {
        let end = min(next, addresses.upperBound)
        let count = format.pageSize.pageCount(
          roundingUp: end.rawValue &- address.rawValue)
        append(FrameRange(start: first, pageCount: count), to: &runs)
      }
      address = next
    }
    runs.sort { $0.lowerBound < $1.lowerBound }
    var merged: [FrameRange] = []
    for run in runs { append(run, to: &merged) }
    return merged
  }

  /// Adds a run to others that begin no later, unless they have it.
  private func append(_ run: FrameRange, to runs: inout [FrameRange]) {
    guard let last = runs.last, last.lowerBound <= run.lowerBound,
      run.lowerBound <= last.upperBound
    else { return runs.append(run) }
    runs[runs.count - 1] = last.lowerBound..<max(last.upperBound, run.upperBound)
  }

  /// Gives a device's memory descriptors, which stay.
  ///
  /// - Parameters:
  ///   - order: the compound pages that it will consist of.
  ///   - node: the node that it is near.
  ///   - reserve: where descriptors lie on the memory itself; nil for ordinary memory.
  /// - Throws: ``HotplugError``; nothing changed.
  public func describeDeviceMemory(
    _ frames: FrameRange, order: PageOrder, near node: NodeID, reserve: DescriptorReserve? = nil
  ) throws(HotplugError) {
    guard topology.node(node) != nil, !frames.isEmpty else { throw .invalid }
    let altmap = reserve.map {
      Altmap(of: frames, reservedCount: $0.ownerPageCount, freeCount: $0.descriptorPageCount)
    }
    let map = DevicePagemap(.generic, [frames], folioOrder: order, altmap: altmap, node: node)
    do throws(PagemapError) {
      try devices.map(map)
    } catch {
      throw HotplugError(error)
    }
  }
}

extension HotplugError {
  /// What it means for memory to be added that a device's memory was not mapped.
  init(_ error: PagemapError) {
    switch error {
    case .exists, .ordinaryMemory, .conflict, .alreadyMapped: self = .exists
    case .outOfMemory: self = .outOfMemory
    case .notAddressable: self = .outOfReach
    case .noRanges, .folioTooLarge, .unalignedFolios, .missingCallback, .missingOwner,
      .altmapForSeveralRanges, .misaligned, .notSupported:
      self = .invalid
    }
  }
}
