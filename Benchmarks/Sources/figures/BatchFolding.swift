// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory
import Workloads

/// Folding and unfolding 4,096 huge pages in one batch, beside copying just the bytes that either
/// must copy.
///
/// Both sides copy from warm pages to pages that nobody has touched, so both pay the real host for
/// each. A fold copies one vmemmap page per huge page; an unfold copies the shared tail page, which
/// the first-level cache holds, seven times.
struct BatchFolding {
  /// The time of an operation and of the copy, per huge page.
  private struct Pair {
    var operation = Sample()
    var copy = Sample()
    var ratio = Sample()

    mutating func add(_ operation: Double, copy: Double) {
      self.operation.add(operation)
      self.copy.add(copy)
      ratio.add(operation / copy)
    }
  }

  private static let folioCount: UInt = 4096
  private static let pageByteCount = 4096
  private static let tailPageCount = 7

  private var optimize = Pair()
  private var restore = Pair()
  private var optimizeSplit = Pair()
  private var restoreAgain = Pair()

  /// Measures `rounds` times, each time with a fresh twin.
  static func figures(rounds: Int) throws -> [Figure] {
    var folding = Self()
    for _ in 0..<rounds { try folding.measure() }
    let limit = 2.5
    return [
      figure("optimize, batch of 4096 x 2M", folding.optimize, atMost: limit),
      figure("restore, batch of 4096 x 2M", folding.restore, atMost: limit),
      figure("optimize again, tables split already", folding.optimizeSplit, atMost: limit),
      figure("restore again", folding.restoreAgain, atMost: limit),
    ]
  }

  private static func figure(_ name: String, _ pair: Pair, atMost limit: Double) -> Figure {
    .limited(
      name, value: "\(pair.operation.median.time)/folio",
      ratio: "\(pair.ratio.median.text(2))x copying (\(pair.copy.median.time))",
      spread: pair.ratio.spread, is: pair.ratio.median, atMost: limit,
      written: "<= \(limit.text(1))x")
  }

  private mutating func measure() throws {
    let host = try BenchmarkHost(byteCount: 16 << 30).boot()
    guard var batch = host.prepareFolios(Self.folioCount, of: BenchmarkHost.hugeOrder),
      batch.count == Self.folioCount
    else { throw FigureError.outOfMemory }
    optimize.add(Self.timeOptimizing(batch, on: host), copy: try Self.timeCopyingHeads())
    restore.add(
      try Self.timeRestoring(&batch, on: host), copy: try Self.timeCopyingTails())
    optimizeSplit.add(Self.timeOptimizing(batch, on: host), copy: try Self.timeCopyingHeads())
    restoreAgain.add(
      try Self.timeRestoring(&batch, on: host), copy: try Self.timeCopyingTails())
  }

  private static func timeOptimizing(_ batch: FolioBatch, on host: MemorySubsystem) -> Double {
    nanoseconds { host.optimize(batch) } / Double(folioCount)
  }

  private static func timeRestoring(
    _ batch: inout FolioBatch, on host: MemorySubsystem
  ) throws -> Double {
    var restored: UInt = 0
    let time = nanoseconds { restored = host.restore(&batch) }
    guard restored == folioCount else { throw FigureError.outOfMemory }
    return time / Double(folioCount)
  }

  private static func timeCopyingHeads() throws -> Double {
    let byteCount = Int(folioCount) * pageByteCount
    let (source, target) = try (memory(byteCount), memory(byteCount))
    source.warm()
    return nanoseconds { target.copy(source, pieceByteCount: pageByteCount) } / Double(folioCount)
  }

  private static func timeCopyingTails() throws -> Double {
    let source = try memory(pageByteCount)
    let target = try memory(Int(folioCount) * tailPageCount * pageByteCount)
    source.warm()
    return nanoseconds { target.fill(from: source, pieceByteCount: pageByteCount) }
      / Double(folioCount)
  }

  private static func memory(_ byteCount: Int) throws -> ColdMemory {
    guard let memory = ColdMemory(byteCount: byteCount) else { throw FigureError.outOfMemory }
    return memory
  }
}

/// Why a figure could not be measured.
enum FigureError: Error {
  /// The real host, or the simulated one, has too little memory.
  case outOfMemory
  /// The process that fills a large twin failed.
  case childFailed(status: Int32)
  /// A host that is measured does not keep its laws.
  case unsound
}
