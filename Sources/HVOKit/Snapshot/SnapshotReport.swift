// SPDX-License-Identifier: Apache-2.0

import LinuxHost

/// What a snapshot holds, and what it lacks.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct SnapshotReport: Codable, Equatable, Sendable {
  public var schema = "hvo.snapshot"
  public var version = 1
  /// Where the snapshot is.
  public var directory: String
  public var fileCount: Int
  /// The bytes in all files.
  public var byteCount: Int
  /// Files that exist and could not be read.
  public var unreadable: [Unreadable]
  /// What had to be guessed for want of files, or made no sense in them.
  public var notes: [String]

  /// A file that could not be read.
  public struct Unreadable: Codable, Equatable, Sendable {
    public var path: String
    public var reason: String
  }

  init(_ report: HostSnapshotReport, directory: String) {
    self.directory = directory
    (fileCount, byteCount) = (report.files.count, report.byteCount)
    unreadable = report.unreadable.map { Unreadable(path: $0.path, reason: $0.reason) }
    notes = report.description.notes.map { "\($0)" }
  }
}

extension SnapshotReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    var lines = [
      "\(directory): \(ByteText.count(UInt(fileCount), "file")), \(ByteText.short(UInt(byteCount)))"
    ]
    if !unreadable.isEmpty {
      lines.append(style.bad("Not readable, and so not in it (root may be able to):"))
      lines += unreadable.flatMap { TextWrap.lines("\($0.path): \($0.reason)") }
    }
    if !notes.isEmpty {
      lines.append("What it tells about the host is incomplete:")
      lines += notes.flatMap { TextWrap.lines($0) }
    }
    return lines + ["Use it with: hvo plan --sysroot \(directory)"]
  }
}
