// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension InterfaceError {
  /// The error's name with what it means.
  var phrase: String { "\(name) (\(meaning))" }
}
