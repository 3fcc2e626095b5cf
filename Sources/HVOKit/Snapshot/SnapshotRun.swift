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
  /// - Throws: ``InputError``.
  public func run(progress: (String) -> Void = { _ in }) throws(InputError) -> SnapshotReport {
    guard !directory.isEmpty else { throw InputError("snapshot: name a directory to write to") }
    guard !sysroot.isEmpty else {
      throw InputError("--sysroot: an empty name; name the directory that holds proc and sys")
    }
    do throws(HostSnapshotError) {
      let report = try HostSnapshot.write(
        to: FilePath(directory), from: FilePath(sysroot)
      ) { done in
        progress("hvo: \(done.writtenCount) of \(done.totalCount): \(done.path)")
      }
      return SnapshotReport(report, directory: directory)
    } catch {
      throw InputError("\(error)")
    }
  }
}
