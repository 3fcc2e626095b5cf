// SPDX-License-Identifier: Apache-2.0

/// Why memory did not come or go; but for what the cases say, nothing has changed.
public enum HotplugError: Error, Equatable, Sendable {
  /// What was asked for makes no sense: `EINVAL`.
  case invalid
  /// Somebody uses it: `EBUSY`.
  case busy
  /// Something is there already: `EEXIST`.
  case exists
  /// No memory is left for descriptors. Huge pages that became ordinary memory so far stay so:
  /// `ENOMEM`.
  case outOfMemory
  /// The addresses are beyond what the kernel can reach: `E2BIG`.
  case outOfReach
  /// Some of the memory is bad: `EHWPOISON`.
  case poisoned
  /// A signal came: `EINTR`.
  case interrupted
  /// A listener did not agree, and had a reason.
  case vetoed(HotplugVeto)
}

/// Why a listener does not want memory to come or go.
public enum HotplugVeto: Error, Equatable, Sendable {
  /// `EBUSY`.
  case busy
  /// `EINVAL`.
  case invalid
  /// `ENOMEM`.
  case outOfMemory
  /// `EPERM`.
  case notPermitted
}
