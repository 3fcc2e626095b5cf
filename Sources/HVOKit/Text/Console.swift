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
  public func print(_ line: String) { write((line + "\n").utf8, to: .standardOutput) }

  /// Writes bytes to standard output as they are.
  public func write(_ bytes: [UInt8]) { write(bytes, to: .standardOutput) }

  /// Writes a line to standard error.
  public func complain(_ line: String) {
    clearProgress()
    write((line + "\n").utf8, to: .standardError)
  }

  /// Shows what is being done, on a terminal only; the next text takes its place.
  public func progress(_ text: String) {
    if showsProgress { write("\r\u{1B}[K\(text)".utf8, to: .standardError) }
  }

  /// Takes the progress off the terminal.
  public func clearProgress() {
    if showsProgress { write("\r\u{1B}[K".utf8, to: .standardError) }
  }

  /// Writes everything; where nobody reads any more, there is nobody to tell.
  private func write(_ bytes: some Sequence<UInt8>, to file: FileHandle) {
    try? file.write(contentsOf: Data(bytes))
  }
}
