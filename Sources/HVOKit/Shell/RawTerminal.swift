// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The terminal without its own line editing, while a line is read.
///
/// The terminal is put back when the reading ends, however it ends: also when the process is told
/// to stop meanwhile.
enum RawTerminal {
  /// Whether standard input and output are a terminal.
  static var isAvailable: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// How the terminal was before; read by the signal handler, so plain memory.
  nonisolated(unsafe) private static var saved = termios()
  private static let isRaw = Atomic<Bool>(false)
  /// The signals that end a process and must not leave a terminal unusable.
  private static let fatalSignals = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS,
  ]

  /// Runs `body` with the terminal in raw mode, if it is wanted and there is a terminal.
  static func run<Result, Failure: Error>(
    isWanted: Bool = true, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard isWanted, unsafe tcgetattr(STDIN_FILENO, &saved) == 0 else { return try body() }
    var raw = unsafe saved
    raw.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
    raw.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
    isRaw.store(true, ordering: .sequentiallyConsistent)
    for number in fatalSignals { _ = signal(number, restoreAndStop) }
    unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    defer {
      restore()
      for number in fatalSignals { _ = signal(number, SIG_DFL) }
    }
    return try body()
  }

  /// Puts the terminal back; safe to call from a signal handler.
  private static func restore() {
    guard isRaw.exchange(false, ordering: .sequentiallyConsistent) else { return }
    unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
  }

  private static let restoreAndStop: @convention(c) (Int32) -> Void = { number in
    RawTerminal.restore()
    _ = signal(number, SIG_DFL)
    raise(number)
  }

  /// The next byte that was typed; nil at the end of the input.
  static func nextByte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(STDIN_FILENO, &byte, 1)
      if count == 1 { return byte }
      if count < 0, errno == EINTR { continue }
      return nil
    }
  }

  /// Whether another byte comes within a twentieth of a second.
  static func hasMore() -> Bool {
    var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 50) > 0
  }

  /// The columns of the terminal.
  static var columnCount: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 80
    }
    return Int(size.ws_col)
  }
}
