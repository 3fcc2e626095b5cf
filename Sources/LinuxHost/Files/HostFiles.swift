// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// The files of one host, below a root directory, with a record of all that was read.
///
/// The record is what makes a snapshot exact: it holds the very bytes the reader saw, so the
/// snapshot describes the same moment.
struct HostFiles {
  /// More than any file that a description needs; what is longer is cut off.
  static let byteLimit = 16 << 20
  /// More entries than any directory that a description needs.
  static let nameLimit = 1 << 20

  /// The directory that holds `proc` and `sys`.
  let root: FilePath
  /// The answers that no file holds.
  let identity: HostIdentity
  /// The files that were read.
  private(set) var contents: [String: [UInt8]] = [:]
  /// The directories that were listed or merely seen.
  private(set) var directories: Set<String> = []
  /// The links, each with the relative path it says.
  private(set) var links: [String: String] = [:]
  /// The error of each file or directory that could not be read.
  private(set) var failures: [String: Errno] = [:]
  /// The files that are longer than ``byteLimit``.
  private(set) var cutOff: [String] = []

  /// Creates the files of the running host, if `root` is `/`, or of a copy.
  init(root: FilePath) {
    self.root = root
    if root == "/" {
      identity = .live()
    } else if case .success(let file) = HostCalls.contents(
      of: root.appending(HostIdentity.fileName), limit: Self.byteLimit)
    {
      identity = .parse(String(decoding: file.bytes, as: UTF8.self))
    } else {
      identity = HostIdentity()
    }
  }

  /// Why the root cannot be used, or `nil` if it can.
  var rootFailure: Errno? {
    if case .failure(let error) = HostCalls.names(in: root, limit: 1) { return error }
    return nil
  }

  /// The text of the file at `path`, which starts with a slash; `nil` if it cannot be read.
  ///
  /// Bytes that are no UTF-8 become replacement characters, which no parser here accepts.
  mutating func text(_ path: String) -> String? {
    switch HostCalls.contents(of: location(path), limit: Self.byteLimit) {
    case .success(let file):
      contents[path] = file.bytes
      if file.isCutOff { cutOff.append(path) }
      return String(decoding: file.bytes, as: UTF8.self)
    case .failure(let error):
      record(error, at: path)
      return nil
    }
  }

  /// The names in the directory at `path`; `nil` if it cannot be listed.
  mutating func names(_ path: String) -> [String]? {
    switch HostCalls.names(in: location(path), limit: Self.nameLimit) {
    case .success(let names):
      directories.insert(path)
      return names
    case .failure(let error):
      record(error, at: path)
      return nil
    }
  }

  /// The numbers `n` for which the directory at `path` holds `prefix` followed by `n`, ascending.
  ///
  /// Only the kernel's own spelling counts: no sign, no leading zero, nothing behind.
  mutating func numbers(after prefix: String, in path: String) -> [UInt]? {
    let numbers = names(path)?.compactMap { name in
      name.hasPrefix(prefix) ? HostText.canonicalDecimal(name.dropFirst(prefix.count)) : nil
    }.sorted()
    for number in numbers ?? [] { sawDirectory("\(path)/\(prefix)\(number)") }
    return numbers
  }

  /// Records that there is a directory at `path`, whatever is in it.
  mutating func sawDirectory(_ path: String) { directories.insert(path) }

  /// Records that the entry at `path` is a link to the directory `target`.
  mutating func sawLink(_ path: String, to target: String) { links[path] = target }

  /// Whether the file at `path` was looked for and is truly not there.
  func isMissing(_ path: String) -> Bool { failures[path] == .noSuchFileOrDirectory }

  /// Why the file at `path` could not be read, in words.
  func reason(_ path: String) -> String {
    if contents[path] != nil { return "nothing usable in it" }
    return switch failures[path] {
    case nil, .noSuchFileOrDirectory?, .notDirectory?: "no such file"
    case .permissionDenied?, .notPermitted?: "permission denied"
    case let error?: error.description
    }
  }

  private mutating func record(_ error: Errno, at path: String) {
    failures[path] = error == .noSuchFileOrDirectory ? identity.failures[path] ?? error : error
  }

  private func location(_ path: String) -> FilePath {
    root.appending(String(path.drop { $0 == "/" }))
  }
}
