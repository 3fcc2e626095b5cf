// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// The kernels that a user names with commas between, to be compared.
struct KernelList {
  /// The kernels in the order in which they were named; at least two.
  let designs: [KernelDesign]

  /// Reads the list; nil if `text` names at most one kernel.
  ///
  /// - Throws: ``InputError`` for a kernel that there is not, or that cannot be compared.
  init?(_ text: String?) throws(InputError) {
    let names = text?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    guard names.count > 1 else { return nil }
    var designs: [KernelDesign] = []
    for name in names {
      guard case .design(let design) = try KernelChoice(named: String(name)) else {
        throw InputError("--kernel: host cannot be one of several kernels; name versions")
      }
      designs.append(design)
    }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw InputError("--kernel: \(name) is named twice; name each kernel once")
    }
    self.designs = designs
  }
}
