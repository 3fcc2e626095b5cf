// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// The kernel that a twin imitates: a design by name, or the one nearest to a host's own.
enum KernelChoice {
  case design(KernelDesign)
  case host

  /// Reads the name of a kernel.
  ///
  /// - Throws: ``InputError`` with the names that there are.
  init(named name: String) throws(InputError) {
    if name == "host" {
      self = .host
    } else if let design = KernelDesign.named(Array(name.utf8)[...]) {
      self = .design(design)
    } else {
      throw InputError(
        "--kernel: no kernel is called \(InputError.quote(name)); "
          + "choose one of \(Self.names.joined(separator: ", ")), host")
    }
  }

  /// The design called `name`, where no host can be meant.
  ///
  /// - Throws: ``InputError``.
  static func design(named name: String) throws(InputError) -> KernelDesign {
    guard case .design(let design) = try Self(named: name) else {
      throw InputError(
        "--kernel: there is no host here; choose one of \(names.joined(separator: ", "))")
    }
    return design
  }

  /// What a twin with the design called `name` imitates.
  static func phrase(_ name: String) -> String {
    name == "\(KernelDesign.unified.name)"
      ? "folds as no Linux does yet: the design called \(name)"
      : "imitates the memory management of Linux \(name)"
  }

  static var names: [String] { KernelDesign.all.map { "\($0.name)" } }
}

extension KernelDesign {
  /// The newest design that is not newer than a host's kernel, and what must be said about that.
  ///
  /// - Source: spec 05 section 18 tells which versions differ.
  static func nearest(
    to version: HostDescription.KernelVersion?
  ) -> (design: KernelDesign, note: String?) {
    guard let version else {
      return (.linux7_2, "the host does not tell its kernel's version; imitating 7.2")
    }
    let known: [(HostDescription.KernelVersion, KernelDesign)] = [
      (.init(7, 2), .linux7_2), (.init(6, 12), .linux6_12), (.init(6, 1), .linux6_1),
      (.init(5, 14), .linux5_14),
    ]
    for (first, design) in known where first <= version {
      if first == version { return (design, nil) }
      let isNewest = first == .init(7, 2)
      return (
        design,
        isNewest
          ? "kernel \(version) is newer than any known; imitating 7.2"
          : "kernel \(version) is imitated as \(design.name), the nearest that is not newer"
      )
    }
    return (.linux5_14, "kernel \(version) has no HVO yet; imitating 5.14, the first that had")
  }
}
