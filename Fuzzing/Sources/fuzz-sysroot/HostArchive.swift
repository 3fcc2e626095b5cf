// SPDX-License-Identifier: Apache-2.0

/// The files of a host in one text: each begins with a line that is its path, below `/proc` or
/// `/sys`. A plus sign in front says that the host has its other files, too.
struct HostArchive {
  /// The path, without its first slash, and the contents.
  struct File {
    let path: String
    let contents: ArraySlice<UInt8>
  }

  /// Whether they lie over the files of a whole host.
  let isOverlay: Bool
  let files: [File]

  private static let fileLimit = 64
  private static let newline = UInt8(ascii: "\n")

  /// Reads `text`, any bytes; what stands in front of the first path is ignored.
  init(_ text: [UInt8]) {
    isOverlay = text.first == UInt8(ascii: "+")
    var files: [File] = []
    var path: String?
    var start = isOverlay ? 1 : 0
    var contentsStart = start
    while start < text.count {
      let end = text[start...].firstIndex(of: Self.newline) ?? text.count
      let next = min(end + 1, text.count)
      if let found = Self.path(text[start..<end]) {
        if let path { files.append(File(path: path, contents: text[contentsStart..<start])) }
        (path, contentsStart) = (found, next)
      }
      start = next
    }
    if let path { files.append(File(path: path, contents: text[contentsStart...])) }
    self.files = Array(files.prefix(Self.fileLimit))
  }

  /// The path that a line is, if it is one that stays below its root.
  private static func path(_ line: ArraySlice<UInt8>) -> String? {
    guard line.count <= 120, line.first == UInt8(ascii: "/") else { return nil }
    let parts = line.dropFirst().split(separator: UInt8(ascii: "/"))
    guard parts.count <= 9, let first = parts.first.map({ String(decoding: $0, as: UTF8.self) }),
      ["proc", "sys"].contains(first), parts.count > 1, parts.allSatisfy(isName)
    else { return nil }
    return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
  }

  private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
    let isPlain = part.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isPlain && part.contains { $0 != UInt8(ascii: ".") }
  }
}
