// SPDX-License-Identifier: Apache-2.0

/// How the boot allocator contradicts itself.
public enum MemblockViolation: Equatable, Sendable {
  /// Which list a violation is in.
  public enum List: Equatable, Sendable {
    case memory, reserved
  }

  /// A region is empty. P-PHYS 1.
  case emptyRegion(List, index: Int)
  /// A region starts below the end of the one before. P-PHYS 1.
  case overlap(List, index: Int)
  /// A region touches the one before and is like it, so they should be one. P-PHYS 1.
  case unmerged(List, index: Int)
  /// A free range is not inside one memory region, or is reserved too. P-PHYS 2.
  case falselyFree(Range<PhysicalAddress>)
  /// Free and reserved bytes of memory do not add up to the memory. P-PHYS 2.
  case lostBytes(memory: UInt, accountedFor: UInt)
}

extension Memblock {
  /// Checks predicates P-PHYS 1 and 2 of spec 01.
  ///
  /// - Returns: what is wrong; empty if nothing is.
  /// - Complexity: O(*n* log *n*).
  public func checkInvariants() -> [MemblockViolation] {
    let order = Self.check(memory, .memory) + Self.check(reserved, .reserved)
    return order.isEmpty ? checkFreeRanges() : order
  }

  private static func check(
    _ list: MemblockRegionList, _ name: MemblockViolation.List
  ) -> [MemblockViolation] {
    var violations: [MemblockViolation] = []
    for (index, region) in list.regions.enumerated() {
      if region.range.isEmpty { violations.append(.emptyRegion(name, index: index)) }
      guard index > 0 else { continue }
      let previous = list.regions[index - 1]
      if region.range.lowerBound < previous.range.upperBound {
        violations.append(.overlap(name, index: index))
      } else if region.range.lowerBound == previous.range.upperBound,
        region.traits == previous.traits
      {
        violations.append(.unmerged(name, index: index))
      }
    }
    return violations
  }

  private func checkFreeRanges() -> [MemblockViolation] {
    var violations: [MemblockViolation] = []
    var accountedFor = reservedMemoryByteCount
    for free in freeRanges() {
      if !isFree(free.range) { violations.append(.falselyFree(free.range)) }
      accountedFor &+= free.range.byteCount
    }
    let total = memory.regions.reduce(UInt(0)) {
      MemblockFilter().accepts($1) ? $0 &+ $1.range.byteCount : $0
    }
    if total != accountedFor {
      violations.append(.lostBytes(memory: total, accountedFor: accountedFor))
    }
    return violations
  }

  /// The bytes of allocatable memory that are reserved.
  private var reservedMemoryByteCount: UInt {
    var sum: UInt = 0
    for region in memory.regions where MemblockFilter().accepts(region) {
      var index = reserved.firstIndex(endingAbove: region.range.lowerBound)
      while index < reserved.regions.count,
        reserved.regions[index].range.lowerBound < region.range.upperBound
      {
        sum &+= reserved.regions[index].range.clamped(to: region.range).byteCount
        index += 1
      }
    }
    return sum
  }
}
