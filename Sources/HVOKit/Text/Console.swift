// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// The terminal or pipe that the command talks to.
///
/// Reports go to standard output; progress and complaints to standard error.
public struct Console: Sendable {
  /// How reports look.
  public let style: TextStyle
  /// The characters that fit into a line: those of the terminal, or of the usual one for a pipe.
  public let width: Int
  /// Whether somebody watches standard error.
  private let showsProgress: Bool
  /// Whether something that was to go to standard output is lost.
  private static let hasLostOutput = Atomic<Bool>(false)

  /// The console of this process: colours only on a terminal, and not where `NO_COLOR` is set.
  public init() {
    let environment = ProcessInfo.processInfo.environment
    let refusesColor = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    style = isatty(STDOUT_FILENO) == 1 && !refusesColor ? .colored : .plain
    width = isatty(STDOUT_FILENO) == 1 ? RawTerminal.columnCount - 1 : TextWrap.width
    showsProgress = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
  }

  /// Writes a line to standard output.
  public func print(_ line: String) { write(Array((line + "\n").utf8)) }

  /// Writes bytes to standard output as they are.
  public func write(_ bytes: [UInt8]) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      Self.hasLostOutput.store(true, ordering: .relaxed)
    }
  }

  /// Writes a line to standard error; where nobody reads it, there is nobody to tell.
  public func complain(_ line: String) {
    clearProgress()
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Shows what is being done, on a terminal only; the next text takes its place.
  public func progress(_ text: String) {
    guard showsProgress else { return }
    // A line that the terminal breaks could not be taken back.
    let visible = String(text.prefix(TextWrap.width))
    try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(visible)".utf8))
  }

  /// Takes the progress off the terminal.
  public func clearProgress() {
    if showsProgress { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8)) }
  }

  /// Makes sure that all output got out.
  ///
  /// - Throws: ``InputError`` if some of it is lost, as on a full disk.
  public static func checkOutput() throws(InputError) {
    guard hasLostOutput.load(ordering: .relaxed) else { return }
    throw InputError(
      "standard output takes no more, and some of the report is lost; make room or send it "
        + "elsewhere")
  }
}
