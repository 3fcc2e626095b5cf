// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Something that the kernel shows of itself after a script: things that no script can do.
enum Show {
  /// A store to a shared tail faults, and the kernel goes on.
  case tails
  /// Without a flush another CPU reads what is gone.
  case stale
  /// All CPUs change the pools at once, and nothing is lost.
  case hammer
  /// What the kernel itself takes.
  case costs
  /// How many ticks a pool's growing and shrinking takes.
  case count(CountShow.Case)
  /// The kernel waits for a byte on the serial port, so that somebody can look at it from outside.
  case pause
  /// The kernel fails, in one of the ways that it has to tell of.
  case failure(Failure)

  /// A way to fail.
  enum Failure {
    case nullPointer, trap, stack, text, protection
  }

  private static let all: [(StaticString, Show)] = [
    ("tails", .tails), ("stale", .stale), ("hammer", .hammer), ("costs", .costs),
    ("count-64", .count(.few)), ("count-512", .count(.many)), ("count-1G", .count(.gigantic)),
    ("pause", .pause),
    ("null", .failure(.nullPointer)), ("trap", .failure(.trap)), ("stack", .failure(.stack)),
    ("text", .failure(.text)), ("protection", .failure(.protection)),
  ]

  /// The one called `name`.
  init?(named name: ArraySlice<UInt8>) {
    for (known, show) in Self.all {
      let isIt = known.withUTF8Buffer { unsafe name.elementsEqual($0) }
      if isIt {
        self = show
        return
      }
    }
    return nil
  }

  /// Does it on the machine behind `tree`.
  ///
  /// - Returns: whether everything was as it should be.
  func run(_ tree: InterfaceTree) -> Bool {
    switch self {
    case .tails: return TailShow(tree).run()
    case .stale: return StaleShow(tree).run()
    case .hammer: return HammerShow(tree).run()
    case .costs: return CostShow(tree).run()
    case .count(let measured): return CountShow(tree, measured).run()
    case .pause:
      SerialPort.write("paused\n")
      _ = SerialPort.read()
      return true
    case .failure(let failure):
      failure.happen()
      return false
    }
  }
}

extension Show.Failure {
  fileprivate func happen() {
    switch self {
    case .nullPointer: RawMemory.store(UInt(0), at: 8)
    case .trap: preconditionFailure("on purpose")
    case .stack: SerialPort.writeDecimal(Self.recurse(1))
    case .text: RawMemory.store(UInt(0), at: metal_place_image_start() + AddressSpace.page)
    // Not canonical: bits 57 to 63 are not all alike.
    case .protection: RawMemory.store(UInt(0), at: 0x8000_0000_0000_0000)
    }
  }

  @inline(never)
  private static func recurse(_ depth: UInt) -> UInt {
    depth == 0 ? 0 : recurse(depth + 1) + recurse(depth + 2) + depth
  }
}
