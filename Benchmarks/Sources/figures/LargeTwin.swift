// SPDX-License-Identifier: Apache-2.0

import Foundation
@_spi(Benchmarking) import KernelMemory
import Workloads

/// A twin of 4 TiB on 8 nodes that boots, fills itself to 95 % with folded huge pages and gives
/// them back; between twins of 16 GiB that do the same.
///
/// It runs in a process of its own, whose resident memory is the twin's.
struct LargeTwin: Codable {
  private static let nodeCount = 8
  private static let smallRounds = 5

  /// What one twin took.
  struct Run: Codable {
    var bootTime = 0.0
    var wanted: UInt = 0
    var reached: UInt = 0
    var left: UInt = 0
    /// Nanoseconds per page.
    var growTime = 0.0
    var shrinkTime = 0.0
    var residentAfterBoot = 0
    var residentAfterGrowth = 0
    var residentAfterShrinking = 0
  }

  private(set) var run = Run()
  private(set) var peakByteCount = 0
  private(set) var smallGrowTime = Sample()
  private(set) var smallShrinkTime = Sample()

  /// Measures in this process.
  init(order: PageOrder) throws {
    // A small twin is asked for no more than it can give: what is timed is what comes off.
    let pageCount = try Self.run(16 << 30, order, pageCount: nil).reached
    for _ in 0..<Self.smallRounds { try measureSmall(order, pageCount) }
    run = try Self.run(4 << 40, order, pageCount: nil)
    for _ in 0..<Self.smallRounds { try measureSmall(order, pageCount) }
    peakByteCount = ResidentMemory.peakByteCount ?? 0
  }

  private mutating func measureSmall(_ order: PageOrder, _ pageCount: UInt) throws {
    let run = try Self.run(16 << 30, order, pageCount: pageCount)
    smallGrowTime.add(run.growTime)
    smallShrinkTime.add(run.shrinkTime)
  }

  /// Boots a twin and fills it to 95 %, or with `pageCount` pages, and empties it again.
  private static func run(
    _ byteCount: UInt, _ order: PageOrder, pageCount: UInt?
  ) throws -> Run {
    var run = Run()
    let start = ContinuousClock.now
    let host = try BenchmarkHost(byteCount: byteCount, nodeCount: nodeCount).boot()
    let boot = ContinuousClock.now - start
    run.bootTime = Double(boot.components.attoseconds) / 1e9 + Double(boot.components.seconds) * 1e9
    run.residentAfterBoot = ResidentMemory.byteCount ?? 0
    run.wanted = pageCount ?? host.pageCount(filling: 95, of: order)
    let grow = nanoseconds { run.reached = host.resizePool(of: order, to: run.wanted) }
    run.residentAfterGrowth = ResidentMemory.byteCount ?? 0
    let shrink = nanoseconds { run.left = host.resizePool(of: order, to: 0) }
    run.residentAfterShrinking = ResidentMemory.byteCount ?? 0
    run.growTime = grow / Double(max(run.reached, 1))
    run.shrinkTime = shrink / Double(max(run.reached, 1))
    return run
  }
}

extension LargeTwin {
  /// A size of pages that is measured.
  struct Case {
    /// What a child process is called with.
    let name: String
    let order: PageOrder
    /// The most resident memory that the twin may need, in GiB.
    let limit: Double

    static let all = [
      Case(name: "1G", order: BenchmarkHost.giganticOrder, limit: 2),
      Case(name: "2M", order: BenchmarkHost.hugeOrder, limit: 12),
    ]
  }

  /// The figures of one case, measured in a child process.
  static func figures(of wanted: Case) throws -> [Figure] {
    try measuredInChild(wanted.name).figures(of: wanted)
  }

  private static func measuredInChild(_ name: String) throws -> LargeTwin {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = ["twin", name]
    let output = Pipe()
    child.standardOutput = output
    try child.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    child.waitUntilExit()
    guard child.terminationReason == .exit, child.terminationStatus == 0 else {
      throw FigureError.childFailed(status: child.terminationStatus)
    }
    return try JSONDecoder().decode(LargeTwin.self, from: data)
  }

  private func figures(of wanted: Case) -> [Figure] {
    let title = "4 TiB, 8 nodes, \(wanted.name)"
    let peak = Double(peakByteCount) / Double(1 << 30)
    let isFull = run.reached == run.wanted && run.left == 0
    return [
      Figure(name: "\(title): boot", value: run.bootTime.time),
      Figure(
        name: "\(title): filled to 95 % and emptied",
        value: "\(run.reached) of \(run.wanted) pages, \(run.left) left",
        target: "all, 0 left", verdict: isFull ? .met : .notMet),
      .limited(
        "\(title): resident memory, peak", value: "\(peak.text(2)) GiB",
        ratio: residentSteps, is: peak, atMost: wanted.limit,
        written: "< \(wanted.limit.text()) GiB"),
      cost("\(title): grow", run.growTime, small: smallGrowTime),
      cost("\(title): shrink", run.shrinkTime, small: smallShrinkTime),
    ]
  }

  private var residentSteps: String {
    let steps = [run.residentAfterBoot, run.residentAfterGrowth, run.residentAfterShrinking]
    return steps.map { (Double($0) / Double(1 << 30)).text(2) }.joined(separator: ", ")
      + " after boot, growing, shrinking"
  }

  private func cost(_ name: String, _ time: Double, small: Sample) -> Figure {
    let ratio = time / small.median
    let spread = [time / small.most, time / small.least].map { $0.text(2) }
    return .limited(
      name, value: "\(time.time)/page", ratio: "\(ratio.text(2))x 16 GiB (\(small.median.time))",
      spread: spread.joined(separator: " .. "), is: ratio, atMost: 1.5, written: "<= 1.5x")
  }
}
