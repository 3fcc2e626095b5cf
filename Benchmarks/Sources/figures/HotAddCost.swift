// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory
import Workloads

/// What one block of 2 GiB costs that is added to a running host, while more and more are there.
///
/// The memory comes in one go, its blocks online and offline one after another. If each block cost a
/// look at all others, the cost of one would grow with their number; if its descriptors were written,
/// the real host would have to find 32 MiB for each.
struct HotAddCost {
  /// The sizes of what is added, in GiB.
  private static let sizes: [UInt] = [64, 256, 1024]

  /// Nanoseconds for a block.
  private struct Times {
    var add = Sample()
    var online = Sample()
    var offline = Sample()
    var remove = Sample()
  }

  private var times: [UInt: Times] = [:]
  /// Bytes of the real host for each block of the largest size.
  private var resident = Sample()

  /// Measures `rounds` times, each size in turn.
  static func measured(rounds: Int) throws -> Self {
    var cost = Self()
    for _ in 0..<rounds {
      for size in sizes { try cost.measure(size) }
    }
    return cost
  }

  private mutating func measure(_ size: UInt) throws {
    let hardware = BenchmarkHost(byteCount: 24 << 30, room: size << 30)
    let host = try hardware.boot()
    let start = PhysicalAddress(hardware.addedStart)
    let range = start..<PhysicalAddress(hardware.addedStart + size << 30)
    let count = size << 30 / BenchmarkHost.blockByteCount
    let before = ResidentMemory.byteCount ?? 0
    var times = times[size] ?? Times()
    let add = try nanoseconds { () throws in try host.addMemory(range, to: NodeID(0)) }
    var done = 0
    let online = nanoseconds { done = host.onlineAddedBlocks() }
    guard done == count else { throw FigureError.outOfMemory }
    let held = (ResidentMemory.byteCount ?? 0) - before
    let offline = nanoseconds { done = host.offlineAddedBlocks() }
    guard done == count else { throw FigureError.outOfMemory }
    let remove = try nanoseconds { () throws in try host.removeMemory(range) }
    times.add.add(add / Double(count))
    times.online.add(online / Double(count))
    times.offline.add(offline / Double(count))
    times.remove.add(remove / Double(count))
    self.times[size] = times
    if size == Self.sizes.last { resident.add(Double(held) / Double(count)) }
  }

  /// The lines of the table.
  var figures: [Figure] {
    [
      figure("added", \.add), figure("online", \.online), figure("offline", \.offline),
      figure("removed", \.remove),
      .limited(
        "1 TiB added: real memory for a block", value: "\((resident.median / 1024).text()) KiB",
        ratio: "of 32 MiB of descriptors", is: resident.median, atMost: 2 * 1024 * 1024,
        written: "<= 2 MiB"),
    ]
  }

  private func figure(_ name: String, _ part: KeyPath<Times, Sample>) -> Figure {
    let samples = Self.sizes.map { times[$0]?[keyPath: part] ?? Sample() }
    let (few, many) = (samples[0], samples[samples.count - 1])
    let steps = samples.map { $0.median.time }.joined(separator: ", ")
    return .limited(
      "1 TiB in 2 GiB blocks: one \(name)", value: many.median.time,
      ratio: "\((many.median / few.median).text(2))x 64 GiB (\(steps))",
      spread: "\(many.least.time) .. \(many.most.time)", is: many.median / few.median,
      atMost: 1.5, written: "<= 1.5x")
  }
}
