// SPDX-License-Identifier: Apache-2.0

/// Memory that was added after boot, as `/proc/iomem` lists it.
public struct AddedMemory: Equatable, Sendable {
  /// Who adds memory, and under which name.
  public enum Source: Equatable, Sendable {
    /// The platform: `System RAM`, as if it had been there from the start.
    case platform
    /// The driver for memory of devices: `System RAM (kmem)`.
    case kmem
    /// The driver for memory of a hypervisor: `System RAM (virtio_mem)`.
    case virtioMem

    /// The name that `/proc/iomem` prints.
    public var resourceName: StaticString {
      switch self {
      case .platform: "System RAM"
      case .kmem: "System RAM (kmem)"
      case .virtioMem: "System RAM (virtio_mem)"
      }
    }
  }

  /// The addresses.
  public var range: Range<PhysicalAddress>
  /// Who added it.
  public var source: Source
}

/// What is asked of memory that is added.
///
/// - Linux: `mhp_t`.
public struct AddOptions: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The memory is one with its neighbours of the same source in `/proc/iomem`.
  public static let mergesResource = Self(rawValue: 1)
  /// It holds its own descriptors if that is possible.
  public static let memmapOnMemory = Self(rawValue: 2)
}
