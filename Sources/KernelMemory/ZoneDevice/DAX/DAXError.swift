// SPDX-License-Identifier: Apache-2.0

/// Why a device on the dax bus does not do what it is told.
public enum DAXError: Error, Equatable, Sendable {
  /// What is asked for makes no sense for it: `EINVAL`.
  case invalid
  /// It has no memory, or is gone: `ENXIO`.
  case noAddress
  /// It, or its memory, is in use: `EBUSY`.
  case busy
  /// The region has no room left: `ENOSPC`.
  case noSpace
  /// There is no such device, or it has nothing to do with the driver: `ENODEV`.
  case noDevice
  /// No memory is left, or somebody else has the place: `ENOMEM`.
  case outOfMemory
  /// Some of its memory has descriptors already: `EEXIST`.
  case exists
  /// This kernel, as it was started, cannot do that: `EOPNOTSUPP`.
  case notSupported

  /// It lies beyond what the kernel can reach: `E2BIG`.
  case outOfReach

  /// Why the memory of a device is no ordinary memory.
  init(_ error: HotplugError) {
    switch error {
    case .invalid, .vetoed(.invalid): self = .invalid
    case .busy, .poisoned, .interrupted, .vetoed(.busy), .vetoed(.notPermitted): self = .busy
    case .exists: self = .exists
    case .outOfMemory, .vetoed(.outOfMemory): self = .outOfMemory
    case .outOfReach: self = .outOfReach
    }
  }

  init(_ error: PagemapError) {
    switch error {
    case .alreadyMapped: self = .busy
    case .noRanges, .folioTooLarge, .unalignedFolios, .missingCallback, .missingOwner,
      .altmapForSeveralRanges, .notAddressable, .misaligned:
      self = .invalid
    case .conflict, .outOfMemory: self = .outOfMemory
    case .ordinaryMemory: self = .noAddress
    case .exists: self = .exists
    case .notSupported: self = .notSupported
    }
  }
}
