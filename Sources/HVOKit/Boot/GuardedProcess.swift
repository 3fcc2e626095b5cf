// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that runs for a time that is bounded, and does not outlive this process.
///
/// ```
/// this process ──┬── the program        in a process group of its own, with all that it starts
///                └── its guard          a shell that waits for the end of a pipe
/// ```
///
/// Whatever ends this process, the pipe ends with it, and the guard kills the program's group. So
/// nobody has to catch signals.
struct GuardedProcess {
  /// How the program ended.
  enum Ending: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// It was killed, as its time was over.
    case outOfTime
  }

  /// What the program reads.
  enum Input {
    case nothing
    case text(String)
    /// What somebody types, or another program writes.
    case relay(InputRelay)
  }

  var program: String
  var arguments: [String]
  var input = Input.nothing
  /// A file that nobody needs when the program has ended.
  var scratchFile: String?

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - limit: how long it may run; for ever if nothing is said.
  ///   - output: takes what the program prints, as it comes. What it says to standard error goes to
  ///     ours.
  /// - Throws: ``InputError`` if it cannot be started.
  func run(
    limit: Duration? = nil, output: ([UInt8]) -> Void = { _ in }
  ) throws(InputError) -> Ending {
    let process = Process()
    let printed = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = printed
    let typed = prepareInput(of: process)
    let guardian = try start(process)
    let alarm = GroupAlarm(process.processIdentifier, after: limit)
    feed(typed)
    while true {
      let bytes = printed.fileHandleForReading.availableData
      guard !bytes.isEmpty else { break }
      output(Array(bytes))
      if case .relay(let relay) = input { relay.start(to: typed) }
    }
    process.waitUntilExit()
    let isOutOfTime = alarm.stop()
    guardian.dismiss()
    guard !isOutOfTime else { return .outOfTime }
    let status = process.terminationStatus
    return process.terminationReason == .uncaughtSignal ? .signalled(status) : .exited(status)
  }

  /// The end for reading stays open here, too: writing to a program that is gone does no harm then.
  private func prepareInput(of process: Process) -> Pipe {
    let typed = Pipe()
    process.standardInput = typed.fileHandleForReading
    if case .nothing = input { process.standardInput = FileHandle.nullDevice }
    return typed
  }

  /// Starts the program and its guard.
  private func start(_ process: Process) throws(InputError) -> ProcessGuard {
    do {
      try process.run()
      return try ProcessGuard(ofGroup: process.processIdentifier, scratchFile: scratchFile)
    } catch {
      throw InputError("\(program) cannot be started: \(error.localizedDescription)")
    }
  }

  /// Writes a text that is there already.
  private func feed(_ typed: Pipe) {
    guard case .text(let text) = input else { return }
    try? typed.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try? typed.fileHandleForWriting.close()
  }
}
