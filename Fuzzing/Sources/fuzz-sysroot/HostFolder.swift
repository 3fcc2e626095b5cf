// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory with the files of a host, which differ from input to input.
struct HostFolder {
  /// A host without files.
  static let empty = HostFolder(copying: nil)
  /// A host of which everything can be read: two nodes, one of them without memory.
  static let whole = HostFolder(copying: "memoryless-node")

  let path: String

  /// Where memory is enough: inputs come by the thousand, and no disk should see them.
  private static let base =
    FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

  /// Makes a directory with what the tests keep of the host `name`, or nothing.
  private init(copying name: String?) {
    let manager = FileManager.default
    path = "\(Self.base)/fuzz-sysroot-\(getpid())-\(name ?? "empty")"
    do {
      try? manager.removeItem(atPath: path)
      guard let name else {
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        return
      }
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      let kept = root.appendingPathComponent("Tests/LinuxHostTests/Fixtures/\(name)")
      try manager.copyItem(atPath: kept.path, toPath: path)
    } catch {
      fatalError("the folder of a host cannot be made: \(error)")
    }
  }

  /// Lets `body` look at the host with `files` in it, and takes them away again.
  func with(_ files: [HostArchive.File], _ body: () -> Void) {
    var kept: [(path: String, contents: Data)] = []
    var made: [String] = []
    for file in files {
      let place = "\(path)/\(file.path)"
      if !made.contains(file.path), !kept.contains(where: { $0.path == place }) {
        if let contents = FileManager.default.contents(atPath: place) {
          kept.append((place, contents))
        } else {
          made.append(file.path)
        }
      }
      makeFolders(of: file.path)
      // A file that another stands in the way of is not there.
      _ = FileManager.default.createFile(atPath: place, contents: Data(file.contents))
    }
    body()
    for path in made { remove(path) }
    for file in kept {
      _ = FileManager.default.createFile(atPath: file.path, contents: file.contents)
    }
  }

  private func makeFolders(of path: String) {
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    try? FileManager.default.createDirectory(
      atPath: "\(self.path)/\(folder)", withIntermediateDirectories: true)
  }

  /// Removes a file, and the folders that were made for it.
  private func remove(_ path: String) {
    _ = unsafe unlink("\(self.path)/\(path)")
    var parts = path.split(separator: "/").dropLast()
    // Only what is empty goes.
    while !parts.isEmpty, unsafe rmdir("\(self.path)/\(parts.joined(separator: "/"))") == 0 {
      parts = parts.dropLast()
    }
  }
}
