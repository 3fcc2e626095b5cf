// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The memory of this process that the real host holds.
public enum ResidentMemory {
  /// The bytes at this moment, from `/proc/self/statm`; nil if that cannot be read.
  public static var byteCount: Int? {
    guard let pages = words(in: "/proc/self/statm").dropFirst().first.flatMap({ Int($0) }) else {
      return nil
    }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  /// The most bytes that there ever were, from `/proc/self/status`; nil if that cannot be read.
  public static var peakByteCount: Int? {
    let words = words(in: "/proc/self/status")
    guard let label = words.firstIndex(of: "VmHWM:"), label + 1 < words.count else { return nil }
    return Int(words[label + 1]).map { $0 * 1024 }
  }

  private static func words(in path: String) -> [Substring] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return text.split { $0.isWhitespace }
  }
}
