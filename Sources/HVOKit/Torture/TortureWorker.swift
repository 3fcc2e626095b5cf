// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemoryLab

/// The process that does the work, and tells the one that started it what it is doing.
///
/// A trap ends a worker; what it was about to do then stands in its journal, and its last message says
/// how far it was.
public struct TortureWorker {
  /// A line of the worker's standard output, as JSON.
  struct Message: Codable {
    /// The case that begins.
    var begin: TorturePosition?
    /// What is known so far.
    var tally: TortureTally?
  }

  private let options: TortureOptions
  private let start: TorturePosition?
  private let journal: FileHandle

  /// - Parameters:
  ///   - index: which of the processes this is, from 0.
  ///   - start: where to begin, such as `random:17`; empty for the beginning.
  ///   - journal: the path of a file for the lines that are about to run.
  /// - Throws: ``InputError``.
  public init(
    _ request: TortureRequest, index: Int, start: String, journal path: String
  ) throws(InputError) {
    var options = try request.options()
    options.share.index = index
    self.options = options
    let words = start.split(separator: ":")
    self.start =
      if words.count == 2, let part = TorturePart(rawValue: String(words[0])),
        let number = Int(words[1])
      { TorturePosition(part: part, number: number) } else { nil }
    guard let journal = FileHandle(forWritingAtPath: path) else {
      throw InputError("the journal \(InputError.quote(path)) cannot be written")
    }
    self.journal = journal
  }

  /// Works until the end.
  ///
  /// - Throws: ``InputError`` if a small machine does not boot.
  public func run() throws(InputError) {
    var observer = Torture.Observer()
    observer.begin = { position in
      try? journal.truncate(atOffset: 0)
      tell(Message(begin: position))
    }
    observer.note = { line in try? journal.write(contentsOf: Data((line + "\n").utf8)) }
    observer.progress = { tell(Message(tally: $0)) }
    var torture = Torture(options, observer)
    do {
      try torture.run(from: start)
    } catch {
      throw InputError("a small machine does not boot: \(error)")
    }
    tell(Message(tally: torture.tally))
  }

  private func tell(_ message: Message) {
    guard var line = try? JSONEncoder().encode(message) else { return }
    line.append(UInt8(ascii: "\n"))
    try? FileHandle.standardOutput.write(contentsOf: line)
  }
}
