// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Reads a Linux host, or a directory of files copied from one, into a ``HostDescription``.
///
/// The reader needs nothing but read access to `/proc` and `/sys`, and gets along with much less:
/// a container that shows only `/proc/meminfo` still has a description, with notes that say what
/// was estimated. Files may be missing, cut off or full of garbage; none of it is trusted.
public struct HostReader: Sendable {
  /// The directory that holds `proc` and `sys`.
  public let root: FilePath

  /// Creates a reader of the host itself, or of the copied files below `root`.
  public init(root: FilePath = "/") { self.root = root }

  /// Reads the files and puts them together.
  ///
  /// - Throws: ``HostReadError`` if `root` is no directory, or nothing in it tells how much memory
  ///   the host has.
  public func read() throws(HostReadError) -> HostDescription {
    var reading = HostReading(files: HostFiles(root: root))
    return try reading.describe()
  }
}

/// Why there is no description of a host at all.
public struct HostReadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or directory that was needed most.
  public let path: String
  /// What is wrong with it.
  public let reason: Reason

  /// What is wrong with a host's files.
  public enum Reason: Hashable, Sendable {
    /// The root cannot be opened as a directory; the text says why.
    case notADirectory(String)
    /// No file tells how much memory there is.
    case noMemoryFound
  }

  public var description: String {
    switch reason {
    case .notADirectory(let why): "\(path): not a readable directory: \(why)"
    case .noMemoryFound:
      "\(path): no readable file tells how much memory the host has "
        + "(tried /proc/iomem, /sys/firmware/memmap, /sys/devices/system/memory, "
        + "/proc/zoneinfo and /proc/meminfo)"
    }
  }
}
