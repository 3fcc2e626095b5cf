// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Passes standard input on to a kernel's serial port.
///
/// It begins when the kernel has said something: a port drops what came before it was set up. Where
/// the input ends, the kernel is told so, as a port has no end.
final class InputRelay: Sendable {
  private let source: FileHandle
  private let isTerminal: Bool
  private let hasStarted = Atomic<Bool>(false)

  private static let controlC: UInt8 = 0x03
  private static let controlD: UInt8 = 0x04

  /// Relays what `source` has, which is a terminal or not.
  init(_ source: FileHandle = .standardInput, isTerminal: Bool = isatty(STDIN_FILENO) == 1) {
    (self.source, self.isTerminal) = (source, isTerminal)
  }

  /// Begins, unless it has. Both ends of `port` stay open meanwhile: to write to a program that is gone
  /// would end this one.
  func start(to port: Pipe) {
    guard !hasStarted.exchange(true, ordering: .relaxed) else { return }
    Thread {
      withExtendedLifetime(port) { self.relay(to: port.fileHandleForWriting) }
    }.start()
  }

  private func relay(to port: FileHandle) {
    var last = UInt8(ascii: "\n")
    while true {
      let bytes = source.availableData
      guard let end = bytes.last else { break }
      // The terminal passes on every key; this one is for us.
      if isTerminal, bytes.contains(Self.controlC) { raise(SIGINT) }
      last = end
      try? port.write(contentsOf: bytes)
    }
    let isWhole = last == UInt8(ascii: "\n")
    try? port.write(contentsOf: Data(isWhole ? [Self.controlD] : [0x0A, Self.controlD]))
  }
}
