// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The terminal or pipe that the command talks to.
///
/// Reports go to standard output; progress and complaints to standard error.
public struct Console: Sendable {
  /// How reports look.
  public let style: TextStyle
  /// Whether somebody watches standard error.
  private let showsProgress: Bool

  /// The console of this process: colours only on a terminal, and not where `NO_COLOR` is set.
  public init() {
    let environment = ProcessInfo.processInfo.environment
    let refusesColor = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    style = isatty(STDOUT_FILENO) == 1 && !refusesColor ? .colored : .plain
    showsProgress = isatty(STDERR_FILENO) == 1
  }

  /// Writes a line to standard output.
  public func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

  /// Writes bytes to standard output as they are.
  public func write(_ bytes: [UInt8]) { Self.writeAll(bytes, to: STDOUT_FILENO) }

  /// Writes a line to standard error.
  public func complain(_ line: String) {
    clearProgress()
    write(line + "\n", to: STDERR_FILENO)
  }

  /// Shows what is being done, on a terminal only; the next text takes its place.
  public func progress(_ text: String) {
    if showsProgress { write("\r\u{1B}[K\(text)", to: STDERR_FILENO) }
  }

  /// Takes the progress off the terminal.
  public func clearProgress() {
    if showsProgress { write("\r\u{1B}[K", to: STDERR_FILENO) }
  }

  private func write(_ text: String, to file: Int32) { Self.writeAll(Array(text.utf8), to: file) }

  /// Writes everything, however many calls it takes; gives up where nobody reads.
  static func writeAll(_ bytes: [UInt8], to file: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(file, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
