// SPDX-License-Identifier: Apache-2.0

import LinuxHost
import SystemPackage

/// Copies a host's files into a directory.
public struct SnapshotRun {
  private let directory: String
  private let sysroot: String

  /// Prepares the copy of the host below `sysroot`, `/` for this one, into `directory`.
  public init(directory: String, sysroot: String?) {
    (self.directory, self.sysroot) = (directory, sysroot ?? "/")
  }

  /// Makes the copy.
  ///
  /// - Returns: lines for people.
  /// - Throws: ``InputError``.
  public func run(progress: (String) -> Void = { _ in }) throws(InputError) -> [String] {
    guard !directory.isEmpty else { throw InputError("snapshot: name a directory to write to") }
    let report: HostSnapshotReport
    do throws(HostSnapshotError) {
      report = try HostSnapshot.write(to: FilePath(directory), from: FilePath(sysroot)) { done in
        progress("hvo: \(done.writtenCount) of \(done.totalCount): \(done.path)")
      }
    } catch {
      throw InputError("\(error)")
    }
    var lines = [
      "\(directory): \(ByteText.count(UInt(report.files.count), "file")), "
        + "\(ByteText.short(UInt(report.byteCount)))"
    ]
    if !report.unreadable.isEmpty {
      lines.append("not readable, and so not in it (root may be able to):")
      lines += report.unreadable.map { "  \($0.path): \($0.reason)" }
    }
    return lines + ["use it with: hvo plan --sysroot \(directory)"]
  }
}
