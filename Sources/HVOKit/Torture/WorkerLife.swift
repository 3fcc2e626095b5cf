// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemoryLab

/// One worker process, from its start to its end.
struct WorkerLife {
  /// How it ended.
  struct End {
    var tally = TortureTally()
    /// What it was doing last.
    var position: TorturePosition?
    /// How it ended and what it said; nil if all was well.
    var death: String?
    /// Whether a signal ended it.
    var isTrap = false
  }

  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()
  private let journalPath: String

  /// Prepares a worker for a share of `request`.
  ///
  /// - Throws: ``InputError`` if it cannot be started.
  init(
    _ request: TortureRequest, _ index: Int, from start: TorturePosition?, executable: String
  ) throws(InputError) {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-torture-\(UUID().uuidString)").path
    guard FileManager.default.createFile(atPath: path, contents: nil) else {
      throw InputError("no journal can be written at \(path); make room, or set TMPDIR")
    }
    journalPath = path
    process.executableURL = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
    process.arguments =
      ["torture"] + request.arguments + [
        "--worker", "\(index)", "--journal", path,
        "--start", start.map { "\($0.part.rawValue):\($0.number)" } ?? "",
      ]
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw InputError("a worker process cannot be started: \(error.localizedDescription)")
    }
  }

  /// The lines that the worker was about to run.
  var journal: [String] {
    guard let data = FileManager.default.contents(atPath: journalPath) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Removes the journal, which nobody needs any more.
  func removeJournal() { try? FileManager.default.removeItem(atPath: journalPath) }

  /// Listens to the worker until it ends.
  func run(update: (TortureTally) -> Void) -> End {
    var end = End()
    var rest = Data()
    while true {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { break }
      rest += data
      while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let message = try? JSONDecoder().decode(
          TortureWorker.Message.self, from: rest[rest.startIndex..<newline])
        rest = Data(rest[(newline + 1)...])
        if let begin = message?.begin { end.position = begin }
        if let tally = message?.tally {
          end.tally = tally
          update(tally)
        }
      }
    }
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal {
      end.isTrap = true
      end.death = "ended by signal \(process.terminationStatus): \(lastWords)"
    } else if process.terminationStatus != 0 {
      end.death = "ended with \(process.terminationStatus): \(lastWords)"
    }
    if end.death == nil { removeJournal() }
    return end
  }

  /// What the worker complained of: the line that speaks of an error, or the last.
  private var lastWords: String {
    let text = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    let lines = text.split(separator: "\n")
    return String(lines.first { $0.contains("rror") } ?? lines.last ?? "no word")
  }
}

extension TortureRequest {
  /// The options as they are typed, without the number of jobs' index.
  fileprivate var arguments: [String] {
    var words: [String] = []
    for (name, value) in [
      ("--seed", seed), ("--for", steps == nil ? time : nil), ("--steps", steps), ("--what", what),
      ("--arch", architectures), ("--kernel", kernels), ("--jobs", jobs),
    ] {
      if let value { words += [name, value] }
    }
    if endsWithFirst { words.append("--first") }
    return words
  }
}
