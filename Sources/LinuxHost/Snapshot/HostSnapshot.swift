// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Copies the files that describe a host into a directory, for ``HostReader`` to read elsewhere.
///
/// The snapshot holds the very bytes that one reading of the host saw, so both give the same
/// description. Paths are those of the host, below the directory; `lsmem --sysroot` reads it too.
public enum HostSnapshot {
  /// Reads the host below `root` and writes what was read into `directory`.
  ///
  /// - Parameter progress: called after each file.
  /// - Throws: ``HostSnapshotError``. Nothing was written unless it is `cannotWrite`, which names
  ///   the file that failed; those before it stay.
  public static func write(
    to directory: FilePath, from root: FilePath = "/",
    progress: (HostSnapshotProgress) -> Void = { _ in }
  ) throws(HostSnapshotError) -> HostSnapshotReport {
    try checkIsFree(directory)
    var reading = HostReading(files: HostFiles(root: root))
    let description: HostDescription
    do throws(HostReadError) {
      description = try reading.describe()
    } catch {
      throw .unreadableHost(error)
    }
    var writer = SnapshotWriter(directory: directory, files: reading.files)
    try writer.write(progress)
    return HostSnapshotReport(
      description: description, directory: directory, files: writer.written,
      byteCount: writer.byteCount, unreadable: reading.files.unreadable)
  }

  /// Refuses a directory that has something in it, and what is no directory.
  private static func checkIsFree(_ directory: FilePath) throws(HostSnapshotError) {
    switch HostCalls.names(in: directory, limit: 1) {
    case .success(let names): if !names.isEmpty { throw .notEmpty(directory.string) }
    case .failure(.noSuchFileOrDirectory): return
    case .failure(let error): throw .cannotWrite(directory.string, error)
    }
  }
}

/// How far a snapshot is.
public struct HostSnapshotProgress: Hashable, Sendable {
  /// The file just written, as its path on the host.
  public var path: String
  /// Files written so far, this one included.
  public var writtenCount: Int
  /// Files to write in all.
  public var totalCount: Int
}

/// What a snapshot holds.
public struct HostSnapshotReport: Hashable, Sendable {
  /// What the host's files say; reading the snapshot gives the same.
  public var description: HostDescription
  /// Where the snapshot is.
  public var directory: FilePath
  /// The files in it, as their paths on the host, sorted.
  public var files: [String]
  /// The bytes in all of them.
  public var byteCount: Int
  /// The files that exist on the host but could not be read.
  public var unreadable: [UnreadableFile]

  /// A file that exists but could not be read.
  public struct UnreadableFile: Hashable, Sendable {
    /// The file, as its path on the host.
    public var path: String
    /// Why not, in words.
    public var reason: String
  }
}

/// Why there is no snapshot.
public enum HostSnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The directory has something in it; nothing is ever overwritten.
  case notEmpty(String)
  /// A file or directory could not be made.
  case cannotWrite(String, Errno)
  /// The host's files describe nothing.
  case unreadableHost(HostReadError)

  public var description: String {
    switch self {
    case .notEmpty(let path): "\(path): not empty; a snapshot needs a directory of its own"
    case .cannotWrite(let path, let error): "\(path): cannot write: \(error)"
    case .unreadableHost(let error): "\(error)"
    }
  }
}
