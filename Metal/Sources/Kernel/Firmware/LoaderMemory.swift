// SPDX-License-Identifier: Apache-2.0

/// The memory that the loader filled to tell the kernel things.
struct LoaderMemory {
  private var start = StartInfo.Piece()
  private var memoryMap = StartInfo.Piece()
  private var commandLine = StartInfo.Piece()
  private var modules = StartInfo.Piece()
  private var module = StartInfo.Piece()

  /// None.
  init() {}

  /// What `info` is and leads to.
  init(_ info: StartInfo) {
    (start, memoryMap, commandLine) = (info.place, info.memoryMap, info.commandLine)
    (modules, module) = (info.modules, info.module)
  }

  /// Calls `body` with each piece.
  func forEach(_ body: (StartInfo.Piece) -> Void) {
    body(start)
    body(memoryMap)
    body(commandLine)
    body(modules)
    body(module)
  }

  /// The lowest piece that lies, at least in part, in `range`.
  func lowest(in range: StartInfo.Piece) -> StartInfo.Piece? {
    var lowest: StartInfo.Piece?
    forEach { piece in
      guard piece.overlaps(range) else { return }
      if let known = lowest, known.start < piece.start { return }
      lowest = piece
    }
    return lowest
  }
}

extension StartInfo {
  /// A piece of memory by physical address.
  struct Piece {
    var start: UInt = 0
    var byteCount: UInt = 0

    var end: UInt { start &+ byteCount }

    func overlaps(_ other: Piece) -> Bool { start < other.end && other.start < end }
  }
}
