// SPDX-License-Identifier: Apache-2.0

extension InterfaceError {
  /// What the error means, as `cat` and `echo` would say it.
  public var meaning: StaticString {
    switch self {
    case .notPermitted: "not permitted"
    case .noEntry: "no such file or directory"
    case .interrupted: "interrupted by a signal"
    case .inputOutput: "input/output error"
    case .noAddress: "no such device or address"
    case .tooBig: "beyond what the kernel can reach"
    case .tryAgain: "it did not come off this time: try again"
    case .outOfMemory: "out of memory"
    case .access: "permission denied"
    case .badAddress: "bad address"
    case .busy: "busy"
    case .exists: "exists already"
    case .noDevice: "no such device"
    case .notDirectory: "not a directory"
    case .isDirectory: "a directory"
    case .invalid: "not a value that the file takes"
    case .tooLarge: "too large"
    case .noSpace: "no space left"
    case .outOfRange: "number out of range"
    case .nameTooLong: "name too long"
    case .tooManyLinks: "too many links"
    case .notSupported: "not supported by this kernel"
    case .poisonedMemory: "some of the memory is bad"
    }
  }
}
