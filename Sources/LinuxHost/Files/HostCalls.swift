// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The few calls to the operating system that reading and copying a host's files takes.
///
/// All raw pointers of the module are in this file.
enum HostCalls {
  /// The bytes of a file, and whether there were more than was asked for.
  struct Contents {
    var bytes: [UInt8]
    var isCutOff: Bool
  }

  /// Neither waits for a pipe's writer nor adopts a terminal.
  private static let neverWait = FileDescriptor.OpenOptions(rawValue: O_NONBLOCK | O_NOCTTY)

  /// Reads at most `limit` bytes of the file at `path`.
  ///
  /// Sizes that the kernel reports for its virtual files mean nothing, so the file is read to its
  /// end. A pipe or a terminal in the place of a file does not block.
  static func contents(of path: FilePath, limit: Int) -> Result<Contents, Errno> {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, neverWait])
      defer { try? file.close() }
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 64 << 10)
      while bytes.count <= limit {
        let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        if count == 0 { return .success(Contents(bytes: bytes, isCutOff: false)) }
        bytes += chunk.prefix(count)
      }
      return .success(Contents(bytes: Array(bytes.prefix(limit)), isCutOff: true))
    } catch {
      return .failure((error as? Errno) ?? .ioError)
    }
  }

  /// The names in the directory at `path`, without `.` and `..`, in no order; at most `limit`.
  static func names(in path: FilePath, limit: Int) -> Result<[String], Errno> {
    guard let stream = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
      return .failure(Errno(rawValue: errno))
    }
    defer { _ = unsafe closedir(stream) }
    var names: [String] = []
    while names.count < limit, let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return .success(names)
  }

  /// Writes a new file.
  static func write(_ bytes: [UInt8], to path: FilePath) throws(Errno) {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(bytes) }
    } catch {
      throw (error as? Errno) ?? .ioError
    }
  }

  /// Makes the directory at `path`; one that exists will do.
  static func makeDirectory(_ path: FilePath) throws(Errno) {
    if unsafe path.withPlatformString({ unsafe mkdir($0, 0o755) }) == 0 { return }
    let error = Errno(rawValue: errno)
    if error != .fileExists { throw error }
  }

  /// Makes a symbolic link at `path` that says `target`.
  static func makeLink(_ path: FilePath, to target: String) throws(Errno) {
    let made = unsafe path.withPlatformString { path in
      unsafe target.withPlatformString { unsafe symlink($0, path) }
    }
    if made != 0 { throw Errno(rawValue: errno) }
  }

  /// The machine's name as `uname -m` prints it.
  static var machine: String? {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return nil }
    return unsafe withUnsafeBytes(of: &names.machine) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Bytes in a base page, as `getconf PAGESIZE` prints them.
  static var pageSize: UInt? {
    let size = sysconf(Int32(_SC_PAGESIZE))
    return size > 0 ? UInt(size) : nil
  }
}
