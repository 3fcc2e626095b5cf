// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Writes the record of one reading below a directory.
struct SnapshotWriter {
  let directory: FilePath
  let files: HostFiles
  /// The files written so far.
  private(set) var written: [String] = []
  /// The bytes in them.
  private(set) var byteCount = 0
  private var made: Set<FilePath> = []

  /// Creates a writer that has not started.
  init(directory: FilePath, files: HostFiles) {
    self.directory = directory
    self.files = files
  }

  /// Writes directories, links and files, and last what no file holds.
  mutating func write(_ progress: (HostSnapshotProgress) -> Void) throws(HostSnapshotError) {
    let directories = files.directories.filter { files.links[$0] == nil }
    for path in directories.sorted() { try makeDirectory(location(path)) }
    for (path, target) in files.links.sorted(by: { $0.key < $1.key }) {
      try makeLink(location(path), to: target)
    }
    var contents = files.contents
    contents["/" + HostIdentity.fileName] = Array(files.identityToKeep.text.utf8)
    for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
      try makeDirectory(location(path).removingLastComponent())
      try writing(location(path)) { path throws(Errno) in try HostCalls.write(bytes, to: path) }
      written.append(path)
      byteCount += bytes.count
      progress(.init(path: path, writtenCount: written.count, totalCount: contents.count))
    }
  }

  /// Makes a link and, so that it leads somewhere, the directory it names.
  private mutating func makeLink(
    _ path: FilePath, to target: String
  ) throws(HostSnapshotError) {
    let folder = path.removingLastComponent()
    try makeDirectory(folder)
    try makeDirectory(folder.appending(target).lexicallyNormalized())
    try writing(path) { path throws(Errno) in try HostCalls.makeLink(path, to: target) }
  }

  /// Makes the directory at `path` and those above it.
  private mutating func makeDirectory(_ path: FilePath) throws(HostSnapshotError) {
    guard !path.isEmpty, path != "/", made.insert(path).inserted else { return }
    try makeDirectory(path.removingLastComponent())
    try writing(path) { path throws(Errno) in try HostCalls.makeDirectory(path) }
  }

  private func writing(
    _ path: FilePath, _ action: (FilePath) throws(Errno) -> Void
  ) throws(HostSnapshotError) {
    do throws(Errno) { try action(path) } catch { throw .cannotWrite(path.string, error) }
  }

  private func location(_ path: String) -> FilePath {
    directory.appending(String(path.drop { $0 == "/" }))
  }
}

extension HostFiles {
  /// The answers of the system calls and the errors of this reading, as a snapshot keeps them.
  var identityToKeep: HostIdentity {
    var kept = identity
    kept.failures = failures.filter { $0.value != .noSuchFileOrDirectory }
    return kept
  }

  /// The files that exist but could not be read, by path.
  var unreadable: [HostSnapshotReport.UnreadableFile] {
    identityToKeep.failures.keys.sorted().map { .init(path: $0, reason: reason($0)) }
  }
}
