// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// What no file of `/proc` or `/sys` holds: the answers of the system calls, and which files the
/// host refused to show.
///
/// On a live host the kernel is asked; a snapshot keeps the answers in the file ``fileName`` beside
/// `proc` and `sys`, one `key=value` a line:
///
///     machine=x86_64
///     page-size=4096
///     errno /proc/kpageflags=13
struct HostIdentity: Equatable {
  /// The name of the file in a snapshot.
  static let fileName = "hvo-host"

  /// The machine's name, as `uname -m` prints it.
  var machine: String?
  /// Bytes in a base page.
  var pageSize: UInt?
  /// The error that opening a file gave, by path; files that do not exist are not in it.
  var failures: [String: Errno] = [:]

  /// Asks the running kernel.
  static func live() -> Self {
    Self(machine: HostCalls.machine, pageSize: HostCalls.pageSize)
  }

  /// Reads the text of a snapshot's file; lines that make no sense are skipped.
  static func parse(_ text: String) -> Self {
    var identity = Self()
    for line in text.lines {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].trimmed
      switch parts[0].trimmed {
      case "machine": identity.machine = HostText.identifier(value)
      case "page-size": identity.pageSize = HostText.decimal(value).flatMap(plausiblePageSize)
      case let key where key.hasPrefix("errno /"):
        guard let number = HostText.decimal(value), number < 4096 else { continue }
        identity.failures[String(key.dropFirst(6))] = Errno(rawValue: Int32(number))
      default: continue
      }
    }
    return identity
  }

  /// The text of a snapshot's file.
  var text: String {
    var lines = ["# what no file tells; read it with: hvo plan --sysroot"]
    if let machine { lines.append("machine=\(machine)") }
    if let pageSize { lines.append("page-size=\(pageSize)") }
    lines += failures.sorted { $0.key < $1.key }.map { "errno \($0.key)=\($0.value.rawValue)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func plausiblePageSize(_ size: UInt) -> UInt? {
    size >= 4096 && size <= 256 << 10 && size.nonzeroBitCount == 1 ? size : nil
  }
}
