// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory
import Workloads

/// One access through the software MMU, beside a plain load.
///
/// Everything is a chain: each access needs the result of the one before, so that what is measured
/// is how long one takes, not how many can overlap.
struct Translation {
  private static let stepCount = 200_000
  private var times = Times()

  /// Nanoseconds for one step.
  private struct Times {
    var plainNear = Sample()
    var plainFar = Sample()
    var hit = Sample()
    var miss = Sample()
    var hugeWalk = Sample()
    var walk = Sample()
  }

  /// Measures `rounds` times.
  static func figures(rounds: Int) throws -> [Figure] {
    var translation = Self()
    try translation.measure(rounds: rounds)
    let times = translation.times
    return [
      Figure(
        name: "plain dependent load, 4 KiB (first-level cache)", value: times.plainNear.median.time),
      Figure(name: "plain dependent load, 64 MiB at random", value: times.plainFar.median.time),
      translation.figure("load through the MMU, TLB hit", times.hit),
      translation.figure("load through the MMU, TLB miss", times.miss),
      translation.figure("page-table walk, 3 levels to a huge leaf", times.hugeWalk),
      translation.figure("page-table walk, 4 levels", times.walk),
    ]
  }

  private func figure(_ name: String, _ sample: Sample) -> Figure {
    let near = sample.median / times.plainNear.median
    let far = sample.median / times.plainFar.median
    return Figure(
      name: name, value: sample.median.time,
      ratio: "\(near.text(1))x 4 KiB, \(far.text(2))x 64 MiB",
      spread: "\(sample.least.text(1)) .. \(sample.most.text(1)) ns")
  }

  private mutating func measure(rounds: Int) throws {
    guard let ring = try DescriptorRing() else { throw FigureError.outOfMemory }
    let near = PointerChase(byteCount: 4 << 10)
    let far = PointerChase(byteCount: 64 << 20)
    let small = try ring.link(pageCount: 64)
    let machine = ring.host.machine
    for _ in 0..<rounds {
      times.plainNear.add(Self.timeStep { near.follow(Self.stepCount) })
      times.plainFar.add(Self.timeStep { far.follow(Self.stepCount) })
      times.hit.add(
        try Self.timeStep { try machine.followChain(from: small, count: Self.stepCount).rawValue })
      times.hugeWalk.add(
        try Self.timeStep { try machine.walkInTurn(through: ring.pages(64), count: Self.stepCount) }
      )
    }
    // More pages than the TLB has slots: each translation is gone when its turn comes again.
    let large = try ring.link(pageCount: 4096)
    for _ in 0..<rounds {
      times.miss.add(
        try Self.timeStep { try machine.followChain(from: large, count: Self.stepCount).rawValue })
    }
    ring.splitTables()
    for _ in 0..<rounds {
      times.walk.add(
        try Self.timeStep { try machine.walkInTurn(through: ring.pages(64), count: Self.stepCount) }
      )
    }
  }

  private static func timeStep(_ body: () throws -> UInt) rethrows -> Double {
    var result: UInt = 0
    let time = try nanoseconds { result = try body() }
    keep(result)
    return time / Double(stepCount)
  }
}

/// Makes the compiler believe that somebody looks at `value`.
@inline(never)
@_optimize(none)
func keep(_ value: UInt) {}
