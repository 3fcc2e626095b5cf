// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import Workloads

/// What freeing one vmalloc area and allocating another costs, while more and more of them live.
struct AreaCost {
  private static let counts = [100, 300, 1000, 3000, 10_000, 30_000, 100_000]
  private static let stepCount = 20_000

  /// Nanoseconds for one area freed and one allocated, by the number of live ones.
  private var times: [Int: Sample] = [:]
  /// Pages freed for each flush, with the most areas.
  private var pagesPerFlush = 0.0

  /// Measures `rounds` times, each number of areas in turn.
  static func measured(rounds: Int) throws -> Self {
    var cost = Self()
    for _ in 0..<rounds {
      for count in counts { try cost.measure(count) }
    }
    return cost
  }

  private mutating func measure(_ count: Int) throws {
    let host = try BenchmarkHost(byteCount: 8 << 30).boot()
    var traffic = try AreaTraffic(of: count, on: host)
    // The first steps make the tables that all later ones find.
    try traffic.run(Self.stepCount)
    let before = (freed: traffic.freedPageCount, cost: host.machine.cost.reading)
    let time = try nanoseconds { () throws in try traffic.run(Self.stepCount) }
    times[count, default: Sample()].add(time / Double(Self.stepCount))
    let spent = host.machine.cost.reading - before.cost
    let flushes = Double(max(spent.fullFlushes + spent.pageFlushes, 1))
    pagesPerFlush = Double(traffic.freedPageCount - before.freed) / flushes
  }

  private func time(_ count: Int) -> Double { times[count]?.median ?? 0 }

  /// The lines of the table.
  var figures: [Figure] {
    let (few, many) = (time(1000), time(100_000))
    return [
      .limited(
        "vmalloc: an area freed and one allocated, 100,000 live", value: many.time,
        ratio: "\((many / few).text(2))x 1,000 live (\(few.time))",
        spread: times[100_000].map { "\($0.least.time) .. \($0.most.time)" } ?? "",
        is: many / few, atMost: 2.5, written: "<= 2.5x"),
      .limited(
        "vmalloc: one flush for freed areas of",
        value: "\((pagesPerFlush * 4096 / Double(1 << 20)).text(1)) MiB",
        is: 32 / max(pagesPerFlush * 4096 / Double(1 << 20), 1), atMost: 1.05, written: "32 MiB"),
    ]
  }

  /// Cost against the logarithm of the number: a line in it is O(log n).
  var plot: String {
    let width = 60.0
    let most = Self.counts.map { time($0) }.max() ?? 1
    let lines = Self.counts.map { count in
      let bar = String(repeating: "#", count: Int((time(count) / most * width).rounded()))
      let number = String(repeating: " ", count: 8 - "\(count)".count) + "\(count)"
      return "\(number)  \(bar) \(time(count).time)"
    }
    return (["    live  an area freed and one allocated"] + lines).joined(separator: "\n")
  }
}
