// SPDX-License-Identifier: Apache-2.0

/// What an allocation insists on, and how hard it may try.
///
/// - Linux: GFP flags (spec 02 section 5); only those that change what this allocator does.
public struct AllocationOptions: OptionSet, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The memory can be moved: the movable zone and movable blocks may serve it.
  public static let movable = Self(rawValue: 1)
  /// Only the asked node may serve it.
  public static let thisNode = Self(rawValue: 2)
  /// Give up after one round.
  public static let noRetry = Self(rawValue: 4)
  /// Try hard, but fail rather than kill.
  public static let retryMayFail = Self(rawValue: 8)
  /// The memory must read as zero.
  public static let zeroed = Self(rawValue: 16)
  /// Half of the minimum reserve may be used.
  public static let highPriority = Self(rawValue: 32)
  /// No reserve is kept back: only the world's last frame is a limit.
  public static let ignoreWatermarks = Self(rawValue: 64)

  /// The type of block that serves such a request.
  var migrateType: MigrateType { contains(.movable) ? .movable : .unmovable }

  /// The highest zone that may serve such a request.
  var highestZone: ZoneKind { contains(.movable) ? .movable : .normal }
}
