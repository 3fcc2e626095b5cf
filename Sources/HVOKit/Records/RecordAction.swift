// SPDX-License-Identifier: Apache-2.0

/// One thing that was done to a kernel while it was recorded.
public enum RecordAction: Equatable, Sendable {
  /// Writes `value` to the file `path`.
  case write(path: String, value: String, condition: WriteCondition)
  /// Reads the file `path`.
  case read(path: String)
  /// Maps `count` huge pages of `pageBytes`.
  case mapHuge(count: Int, pageBytes: Int, how: MappingManner)
  /// Ends every process that maps huge pages or holds memory.
  case unmapAll
  /// Lets a process take nearly all base pages, until `unmapAll`.
  case consumeMemory
  /// Adds `byteCount` bytes of memory at `start` to `node`.
  case addMemory(id: String, start: UInt64, byteCount: Int, node: Int)
  /// Asks for added memory back; it only goes if every block of it is offline.
  case removeMemory(id: String)
  /// Writes `value` to the state of each offline memory block, in the order of a shell glob.
  case everyOfflineBlock(value: String)
  /// Writes `value` to the state of each memory block from number `first` on.
  case everyBlockFrom(first: Int, value: String)
  /// Makes a DAX device.
  case daxCreate(id: String, DAXLayout)
  case daxDestroy(id: String)
  /// Hands a DAX device to the kernel as memory of `node`.
  case kmemBind(id: String, node: Int, hostsItsOwnMemmap: Bool)
  case kmemUnbind(id: String)
  case pmemUnbind(id: String)
  /// Loads the drivers of devices.
  case loadDrivers
  /// Allocates one vmalloc area; `node` is `nil` for any.
  case vmalloc(byteCount: Int, mapping: VmallocMapping, node: Int?)
}

/// What is the case while a write happens.
public enum WriteCondition: String, Sendable {
  case ordinary
  /// Every allocation of base pages fails.
  case basePageAllocationsFail = "base-page-allocations-fail"
}

/// How far a mapping of huge pages goes.
public enum MappingManner: String, CaseIterable, Sendable {
  /// Map, then fault every page in.
  case touch
  /// Map only, which reserves the pages.
  case reserve
  /// Map without a reservation, then fault every page in.
  case touchWithoutReserve = "noreserve-touch"
}

/// How a DAX device lies in memory.
public struct DAXLayout: Equatable, Sendable {
  /// Where the descriptors of a DAX device live.
  public enum MemmapPlace: String, CaseIterable, Sendable {
    /// In ordinary memory.
    case memory = "mem"
    /// On the device.
    case device = "dev"
  }

  /// - Unit: bytes.
  public var alignment: Int
  public var memmapPlace: MemmapPlace
  public var dataStart: UInt64
  public var dataByteCount: Int

  public init(
    alignment: Int, memmapPlace: MemmapPlace, dataStart: UInt64, dataByteCount: Int
  ) {
    (self.alignment, self.memmapPlace) = (alignment, memmapPlace)
    (self.dataStart, self.dataByteCount) = (dataStart, dataByteCount)
  }
}

/// Whether a vmalloc area may use huge leaves.
public enum VmallocMapping: Equatable, Sendable {
  case hugeAllowed, basePagesOnly
}

/// What the recorded kernel answered to an action.
public enum ActionExpectation: Equatable, Sendable {
  /// The record does not say.
  case unknown
  /// The name of the error, `OK` for none; `open:` precedes one that came when opening.
  case errno(String)
  /// Whether it failed, the error being unknown.
  case fails(Bool)
  /// A file's text without its final newline.
  case text(String)
  /// The lines that a program printed.
  case lines([String])
  /// The memory blocks that refused.
  case refused([String])
}

/// An action together with the recorded answer.
public struct RecordedAction: Equatable, Sendable {
  public var action: RecordAction
  public var expectation: ActionExpectation

  public init(_ action: RecordAction, expecting expectation: ActionExpectation) {
    (self.action, self.expectation) = (action, expectation)
  }
}
