// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// Finding the page tables of an architecture by the names that users and kernels give it.
enum ArchitectureChoice {
  /// Other names of formats.
  private static let aliases = [
    "x86-64": "x86_64", "amd64": "x86_64", "la57": "x86_64-la57", "arm64": "arm64-4k",
    "aarch64": "arm64-4k", "riscv64": "riscv64-sv48", "sv39": "riscv64-sv39",
    "sv48": "riscv64-sv48", "sv57": "riscv64-sv57", "ppc64le": "powerpc64-64k",
    "powerpc64": "powerpc64-64k", "ppc64": "powerpc64-64k",
  ]

  /// The names of all formats.
  static var names: [String] {
    let all = PagingFormat.all
    return all.indices.map { "\(all[$0].name)" }
  }

  /// The format called `name`.
  ///
  /// - Throws: ``InputError`` with the names that there are.
  static func format(named name: String) throws(InputError) -> PagingFormat {
    let lowercased = name.lowercased()
    guard let format = PagingFormat.named((aliases[lowercased] ?? lowercased).utf8) else {
      throw InputError(
        "--arch: no architecture is called \(InputError.quote(name)); "
          + "choose one of \(names.joined(separator: ", "))")
    }
    return format
  }

  /// The format that a host's kernel uses.
  ///
  /// - Throws: ``InputError`` if the twin has none for such a host.
  static func format(of host: HostDescription) throws(InputError) -> PagingFormat {
    let pages = "\(host.pageSize >> 10)k"
    let name: String
    switch host.architecture {
    case "x86_64", "unknown":
      name = host.processors.hasFiveLevelPaging == true ? "x86_64-la57" : "x86_64"
    case "aarch64": name = "arm64-\(pages)"
    case "riscv64": name = "riscv64-sv48"
    case "ppc64le", "ppc64": name = "powerpc64-\(pages)"
    default: name = host.architecture
    }
    guard let format = PagingFormat.named(name.utf8),
      format.pageSize.byteCount == host.pageSize
    else {
      throw InputError(
        "a host of architecture \(InputError.quote(host.architecture)) with pages of "
          + "\(ByteText.short(host.pageSize)) has no twin yet; "
          + "choose another architecture with --arch: \(names.joined(separator: ", "))")
    }
    return format
  }
}
