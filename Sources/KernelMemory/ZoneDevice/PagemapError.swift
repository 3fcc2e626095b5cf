// SPDX-License-Identifier: Apache-2.0

/// Why memory of a device was not mapped; nothing has changed.
///
/// - Source: spec 07 section 10.
public enum PagemapError: Error, Equatable, Sendable {
  /// The map is mapped already: `EBUSY`.
  case alreadyMapped
  /// There is no memory to map: `EINVAL`.
  case noRanges
  /// No folio can be that large: `EINVAL`.
  case folioTooLarge
  /// A compound page would begin or end inside another one's place: `EINVAL`.
  case unalignedFolios
  /// The type needs a callback that is not there: `EINVAL`.
  case missingCallback
  /// The type needs an owner: `EINVAL`.
  case missingOwner
  /// Descriptors can lie on the memory of one range, not of several: `EINVAL`.
  case altmapForSeveralRanges
  /// Another map that is alive has the first or last frame: `ENOMEM`.
  case conflict
  /// Some of it is ordinary memory: `ENXIO`.
  case ordinaryMemory
  /// Some of it has descriptors already: `EEXIST`.
  case exists
  /// It lies beyond what can be addressed or described: `EINVAL`.
  case notAddressable
  /// It does not consist of whole subsections, or its altmap is not at its start: `EINVAL`.
  case misaligned
  /// Part of it lies in a section with folded descriptors: `EOPNOTSUPP`.
  case notSupported
  /// No frame was left for descriptors or tables: `ENOMEM`.
  case outOfMemory

  /// What the kernel's log would say.
  public var message: StaticString {
    switch self {
    case .alreadyMapped: "the map is mapped already"
    case .noRanges: "nr_range must be specified"
    case .folioTooLarge: "requested folio size unsupported"
    case .unalignedFolios: "compound pages must lie on multiples of their size"
    case .missingCallback: "Missing callback"
    case .missingOwner: "Missing owner"
    case .altmapForSeveralRanges: "altmap not supported for multiple ranges"
    case .conflict: "Conflicting mapping in same section"
    case .ordinaryMemory: "attempted on ram region"
    case .exists: "some of the range has descriptors already"
    case .notAddressable: "exceeds maximum addressable range"
    case .misaligned: "Misaligned range, or memory add fail, invalid altmap"
    case .notSupported: "part of a section with folded descriptors"
    case .outOfMemory: "vmemmap alloc failure"
    }
  }
}

extension PagemapError {
  /// What became of populating the descriptors.
  init(_ error: PopulationError) {
    switch error {
    case .invalid: self = .misaligned
    case .exists: self = .exists
    case .outOfFrames: self = .outOfMemory
    case .notSupported: self = .notSupported
    }
  }
}
