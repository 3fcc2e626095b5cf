// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// An architecture that there is a kernel for, and what follows from it.
public enum BootArchitecture: String, CaseIterable, Codable, Sendable {
  case x86 = "x86_64"
  case arm64

  /// The architecture called `name`.
  ///
  /// - Throws: ``InputError`` with the names that there are.
  init(named name: String) throws(InputError) {
    let aliases = ["x86-64": Self.x86, "amd64": .x86, "aarch64": .arm64]
    let lowercased = name.lowercased()
    guard let architecture = Self(rawValue: lowercased) ?? aliases[lowercased] else {
      throw InputError(
        "--arch: there is no kernel for \(InputError.quote(name)); choose one of "
          + Self.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self = architecture
  }

  /// The architecture that a script wants; where there is no kernel for that, the one for x86-64 says
  /// so.
  init(of setup: ScriptSetup) {
    guard case .arm64? = setup.machine?.format.regime else {
      self = .x86
      return
    }
    self = .arm64
  }

  /// The compiler's name for a bare machine.
  var triple: String {
    switch self {
    case .x86: "x86_64-unknown-none-elf"
    case .arm64: "aarch64-none-none-elf"
    }
  }

  /// The program that plays the machine.
  var emulator: String {
    switch self {
    case .x86: "qemu-system-x86_64"
    case .arm64: "qemu-system-aarch64"
    }
  }

  /// The package that has the program, on Debian and what comes from it.
  var package: String {
    switch self {
    case .x86: "qemu-system-x86"
    case .arm64: "qemu-system-arm"
    }
  }

  /// The board that QEMU plays if nobody says otherwise. The memory of `pc` reaches to 3 GiB as a
  /// twin's does.
  var usualBoard: String {
    switch self {
    case .x86: "pc"
    case .arm64: "virt"
    }
  }

  /// The most CPUs that the kernel starts: on arm64 those that its interrupt controller knows.
  var mostCPUs: UInt {
    switch self {
    case .x86: 32
    case .arm64: 8
    }
  }
}
