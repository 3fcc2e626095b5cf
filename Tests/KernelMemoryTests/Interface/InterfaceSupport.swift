// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// A booted machine with its files, as a shell would use them.
struct FileHost {
  let host: TestHost
  let tree: InterfaceTree

  init(
    memory: UInt = 1 << 30, nodes: Int = 1, kernel: KernelDesign = .linux7_2,
    format: PagingFormat = .x86FourLevel, cpus: Int = 1, commandLine: String = ""
  ) throws {
    host = try TestHost(
      memory: memory, nodes: nodes, kernel: kernel, format: format, cpus: cpus,
      commandLine: commandLine)
    tree = InterfaceTree(host.subsystem)
  }

  /// The whole text of a file.
  func text(_ path: String) throws -> String {
    String(decoding: try tree.read(textBytes(path)), as: UTF8.self)
  }

  /// The lines of a file that contain `word`.
  func lines(_ path: String, with word: String) throws -> [String] {
    try text(path).split(separator: "\n").map(String.init).filter { $0.contains(word) }
  }

  /// The name of the error that reading a file gives, or its text.
  func reading(_ path: String) -> String {
    do throws(InterfaceError) {
      return String(decoding: try tree.read(textBytes(path)), as: UTF8.self)
    } catch {
      return "\(error.name)"
    }
  }

  /// The name of the error that a write gives, or the number of bytes that it takes.
  func writing(_ text: String, _ path: String) -> String {
    do throws(InterfaceError) {
      return "\(try tree.write(textBytes(text), to: textBytes(path)))"
    } catch {
      return "\(error.name)"
    }
  }

  /// The names in a directory.
  func names(_ path: String) throws -> [String] {
    try tree.entries(of: textBytes(path)).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// The kernels that are imitated, by name.
let kernelNames = ["5.14", "6.1", "6.12", "7.2", "unified"]

/// The kernel called `name`.
func kernel(_ name: String) throws -> KernelDesign {
  try #require(KernelDesign.named(textBytes(name)))
}

/// The directory of a pool, with a slash at its end.
func poolPath(_ kibibytes: Int) -> String { "/sys/kernel/mm/hugepages/hugepages-\(kibibytes)kB/" }
