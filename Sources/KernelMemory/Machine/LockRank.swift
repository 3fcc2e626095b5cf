// SPDX-License-Identifier: Apache-2.0

/// A lock's place in the order in which locks may be taken.
///
/// A CPU that holds a lock takes only such as have a higher rank, so that no two CPUs ever wait for
/// each other. The ranks are in the order of the table in `Documentation/Decisions/0009`.
@_spi(Lab)
public struct LockRank: Equatable, Comparable, Sendable {
  /// The place; locks with the same are never held together.
  public let rawValue: UInt8
  /// What the lock guards, in a word.
  public let name: StaticString

  /// Whether the lock guards a list that is only looked at or changed under it.
  public var guardsList: Bool { self == .list }

  init(_ rawValue: UInt8, _ name: StaticString) { (self.rawValue, self.name) = (rawValue, name) }

  public static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension LockRank {
  /// The devices on a bus.
  static let deviceBus = Self(0, "device bus")
  /// Memory that comes and goes.
  static let hotplug = Self(1, "hot-plug")
  /// The size of the pool for pages of `order`; of two pools that of the larger pages comes first.
  static func poolSize(_ order: PageOrder) -> Self { Self(66 - order.rawValue, "pool size") }
  /// A process's mapping.
  static let mapping = Self(70, "mapping")
  /// All mappings.
  static let mappings = Self(71, "mappings")
  /// Counts, lists and marks of all pools.
  static let hugeTLB = Self(80, "huge pages")
  /// The slots of an area.
  static let contiguousArea = Self(90, "contiguous area")
  /// The purge of unmapped areas.
  static let purge = Self(100, "purge")
  /// The making of tables for areas.
  static let areaTables = Self(101, "area tables")
  /// The addresses and states of areas.
  static let areas = Self(102, "areas")
  /// The address space of the kernel.
  static let addressSpace = Self(110, "address space")
  /// The splitting of leaves.
  static let split = Self(111, "split")
  /// The settings of the reserves.
  static let reserves = Self(120, "reserves")
  /// Frames that can be moved.
  static let movableFrames = Self(121, "movable frames")
  /// One CPU's blocks of a zone.
  static let cpuList = Self(130, "CPU list")
  /// The free memory of a zone.
  static let zone = Self(131, "zone")
  /// A list that is held for no more than a look or a change.
  static let list = Self(140, "list")
  /// One CPU's TLB.
  static let gate = Self(141, "TLB")
}
