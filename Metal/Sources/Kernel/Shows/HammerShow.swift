// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows that CPUs do not get in each other's way: all of them grow and shrink the pool at once, for a
/// number of rounds, and read its files.
struct HammerShow {
  /// Rounds of all CPUs together: an emulated CPU that waits takes time from those that do not.
  private static var totalRoundCount: UInt { 240 }

  private static var roundCount: UInt { totalRoundCount / UInt(Processors.count) }

  /// What every CPU works on; written before any of them begins.
  nonisolated(unsafe) private static var tree: InterfaceTree?

  private let tree: InterfaceTree

  init(_ tree: InterfaceTree) { self.tree = tree }

  /// Lets all CPUs work, and checks every invariant then.
  func run() -> Bool {
    unsafe Self.tree = tree
    let count = tree.subsystem.machine.cpuCount
    let work: @convention(c) (UInt) -> Void = { HammerShow.hammer(cpu: $0) }
    var requests = (0..<count).map {
      CrossCalls.Request(work: unsafe unsafeBitCast(work, to: UInt.self), argument: UInt($0))
    }
    unsafe requests.withUnsafeMutableBufferPointer { buffer in
      let first = UInt(bitPattern: buffer.baseAddress)
      let size = UInt(MemoryLayout<CrossCalls.Request>.stride)
      for cpu in 1..<count { CrossCalls.post(first + UInt(cpu) * size, to: cpu) }
      Self.hammer(cpu: 0)
      for cpu in 1..<count { CrossCalls.wait(for: first + UInt(cpu) * size) }
    }
    return report(count)
  }

  private func report(_ cpuCount: Int) -> Bool {
    let violations = tree.subsystem.checkInvariants()
    SerialPort.write("hammer: ")
    SerialPort.writeDecimal(UInt(cpuCount))
    SerialPort.write(" CPUs, ")
    SerialPort.writeDecimal(Self.roundCount)
    SerialPort.write(" rounds each, invariants violated: ")
    SerialPort.writeDecimal(UInt(violations.count))
    SerialPort.write("\n")
    for violation in violations {
      var sink = TextSink()
      violation.describe(to: &sink)
      SerialPort.write(sink.bytes)
    }
    return violations.isEmpty
  }

  /// What each CPU does: its own sequence of sizes, the same on every run.
  private static func hammer(cpu: UInt) {
    guard let tree = unsafe tree else { return }
    var state = cpu + 1
    for _ in 0..<roundCount {
      // - Source: Knuth, The Art of Computer Programming, volume 2, 3.3.4: Haynes's multiplier.
      state = state &* 6_364_136_223_846_793_005 &+ 1
      var text = TextSink()
      text.appendDecimal(state >> 59)
      text.newline()
      _ = try? tree.writeAll(
        text.bytes[...], to: Array("/proc/sys/vm/nr_hugepages".utf8)[...])
      _ = try? tree.read(Array("/proc/meminfo".utf8)[...])
    }
  }
}
