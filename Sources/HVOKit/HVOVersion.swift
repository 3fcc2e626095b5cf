// SPDX-License-Identifier: Apache-2.0

/// The version of the command and of the library.
public enum HVOVersion {
  /// As `hvo --version` prints it.
  public static let text = "0.1.0"
}
