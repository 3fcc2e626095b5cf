// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The file that QEMU loads.
///
/// On x86-64 that is an ELF file. On arm64 it is the bytes of one, as the loader hands a script only to
/// an image that begins with the header that Linux has.
struct KernelImage: Equatable, Sendable {
  var path: String
  /// Where it was built; nil if nobody knows.
  var checkout: Checkout?

  /// Takes the file that the user names, or builds the newest in the checkout that this program
  /// belongs to, or else in that around the current folder.
  ///
  /// A kernel in a checkout is built each time: an old one would answer questions about sources that
  /// are no more.
  ///
  /// - Throws: ``InputError`` if there is neither, the file is no kernel, or building fails.
  init(
    _ named: String?, for architecture: BootArchitecture, in surroundings: Surroundings
  ) throws(InputError) {
    let checkout = Self.checkout(in: surroundings)
    if let named {
      try self.init(file: named, for: architecture)
      let name = URL(fileURLWithPath: named).resolvingSymlinksInPath().path
      if let checkout, checkout.kernel(for: architecture) == name { self.checkout = checkout }
      return
    }
    guard let checkout else {
      throw InputError(
        "no kernel: neither this program nor the current folder is in a checkout of swift-vmemmap; "
          + "go to one, or name a file that ./dev metal build made with --kernel-image")
    }
    try checkout.build(architecture)
    try self.init(file: checkout.kernel(for: architecture), for: architecture)
    self.checkout = checkout
  }

  /// The checkout whose kernel is booted if the user names none.
  static func checkout(in surroundings: Surroundings) -> Checkout? {
    Checkout(around: surroundings.executable) ?? Checkout(around: surroundings.currentFolder)
  }

  /// Takes a file; for that of a linker its bytes, which lie beside it.
  private init(file: String, for architecture: BootArchitecture) throws(InputError) {
    let bytes = "\(file).bin"
    let hasBytes = architecture == .arm64 && FileManager.default.fileExists(atPath: bytes)
    path = hasBytes ? bytes : file
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw InputError("--kernel-image: \(path): no such file, or none that can be read")
    }
    defer { try? handle.close() }
    let head = (try? handle.read(upToCount: 64)).map { Array($0) } ?? []
    guard Self.isKernel(head, for: architecture) else {
      throw InputError(
        "--kernel-image: \(path) is no kernel for \(architecture.rawValue); "
          + "./dev metal build --arch \(architecture.rawValue) makes one and says where it is")
    }
  }

  /// Whether a file that begins with `head` may be a kernel.
  ///
  /// - Source: ELF 1.2, figures 1-3 and 1-4; Linux, Documentation/arch/arm64/booting.rst.
  static func isKernel(_ head: [UInt8], for architecture: BootArchitecture) -> Bool {
    guard head.count == 64 else { return false }
    switch architecture {
    case .x86: return head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) && head[18...19] == [62, 0]
    case .arm64: return head[56...59].elementsEqual([0x41, 0x52, 0x4D, 0x64])
    }
  }
}
