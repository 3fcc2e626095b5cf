// SPDX-License-Identifier: Apache-2.0

/// Why a file of the tree could not be opened, read or written: the kernel's error numbers.
///
/// - Linux: `include/uapi/asm-generic/errno-base.h` and `errno.h`.
public enum InterfaceError: Int32, Error, CaseIterable, Equatable, Sendable {
  /// The caller lacks the right. `EPERM`.
  case notPermitted = 1
  /// There is no such file. `ENOENT`.
  case noEntry = 2
  /// A signal came before it was done. `EINTR`.
  case interrupted = 4
  /// The device does not answer. `EIO`.
  case inputOutput = 5
  /// There is no such device or address. `ENXIO`.
  case noAddress = 6
  /// It is more than the kernel can reach. `E2BIG`.
  case tooBig = 7
  /// It did not come off this time. `EAGAIN`.
  case tryAgain = 11
  /// Too little memory. `ENOMEM`.
  case outOfMemory = 12
  /// The file's mode forbids it. `EACCES`.
  case access = 13
  /// What it names is not a memory address. `EFAULT`.
  case badAddress = 14
  /// Somebody uses it. `EBUSY`.
  case busy = 16
  /// It is there already. `EEXIST`.
  case exists = 17
  /// There is no such device. `ENODEV`.
  case noDevice = 19
  /// A part of the path is a file. `ENOTDIR`.
  case notDirectory = 20
  /// The path names a directory. `EISDIR`.
  case isDirectory = 21
  /// The text is not what the file takes. `EINVAL`.
  case invalid = 22
  /// There is too much of it. `EFBIG`.
  case tooLarge = 27
  /// No room is left. `ENOSPC`.
  case noSpace = 28
  /// The number does not fit. `ERANGE`.
  case outOfRange = 34
  /// A name is longer than names can be. `ENAMETOOLONG`.
  case nameTooLong = 36
  /// Links lead in a circle. `ELOOP`.
  case tooManyLinks = 40
  /// This kernel cannot do that. `EOPNOTSUPP`.
  case notSupported = 95
  /// Some of the memory is bad. `EHWPOISON`.
  case poisonedMemory = 133

  /// The kernel's name of the error.
  public var name: StaticString {
    switch self {
    case .notPermitted: "EPERM"
    case .noEntry: "ENOENT"
    case .interrupted: "EINTR"
    case .tooBig: "E2BIG"
    case .inputOutput: "EIO"
    case .noAddress: "ENXIO"
    case .tryAgain: "EAGAIN"
    case .outOfMemory: "ENOMEM"
    case .access: "EACCES"
    case .badAddress: "EFAULT"
    case .busy: "EBUSY"
    case .exists: "EEXIST"
    case .noDevice: "ENODEV"
    case .notDirectory: "ENOTDIR"
    case .isDirectory: "EISDIR"
    case .invalid: "EINVAL"
    case .tooLarge: "EFBIG"
    case .noSpace: "ENOSPC"
    case .outOfRange: "ERANGE"
    case .nameTooLong: "ENAMETOOLONG"
    case .tooManyLinks: "ELOOP"
    case .notSupported: "EOPNOTSUPP"
    case .poisonedMemory: "EHWPOISON"
    }
  }

  /// The kernel's number of the error.
  public var number: Int32 { rawValue }

  /// The error that the kernel calls `name`; nil if no file answers with it.
  public init?(named name: ArraySlice<UInt8>) {
    for error in Self.allCases where error.name.isEqual(to: name) {
      self = error
      return
    }
    return nil
  }

  /// The answer to a number that cannot be read.
  init(_ error: NumberError) {
    switch error {
    case .invalid: self = .invalid
    case .outOfRange: self = .outOfRange
    }
  }
}
