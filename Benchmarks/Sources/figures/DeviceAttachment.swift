// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) import KernelMemory
import Workloads

/// Attaching a device of 64 GiB in pages of 1 GiB and of 2 MiB, beside the same in single pages.
struct DeviceAttachment {
  private static let byteCount: UInt = 64 << 30

  private var single = Sample()
  private var huge = Sample()
  private var gigantic = Sample()

  /// Measures `rounds` times, each time with fresh twins.
  static func figures(rounds: Int) throws -> [Figure] {
    var attachment = Self()
    for _ in 0..<rounds {
      attachment.single.add(try time(PageOrder(0)))
      attachment.huge.add(try time(BenchmarkHost.hugeOrder))
      attachment.gigantic.add(try time(BenchmarkHost.giganticOrder))
    }
    return attachment.figures
  }

  private var figures: [Figure] {
    [
      Figure(
        name: "attach 64 GiB in single pages", value: single.median.time,
        spread: "\(single.least.time) .. \(single.most.time)"),
      figure("attach 64 GiB in pages of 2M", huge, part: 5),
      figure("attach 64 GiB in pages of 1G", gigantic, part: 500),
    ]
  }

  private func figure(_ name: String, _ sample: Sample, part: Double) -> Figure {
    let ratio = single.median / max(sample.median, 1)
    return Figure(
      name: name, value: sample.median.time, ratio: "1/\(ratio.text(1)) of single pages",
      spread: "\(sample.least.time) .. \(sample.most.time)", target: "< 1/\(part.text())",
      verdict: ratio > part ? .met : .notMet)
  }

  /// The time for a device in pages of `order` on a fresh twin.
  ///
  /// It has been attached once before, so that the host has memory behind the twin's by then: what a
  /// host's page faults cost is no cost of attaching.
  private static func time(_ order: PageOrder) throws -> Double {
    let hardware = BenchmarkHost(byteCount: 4 << 30, room: byteCount)
    let host = try hardware.boot()
    let device = host.makeDevice(
      at: PhysicalAddress(hardware.addedStart), byteCount: byteCount, pagesOf: order)
    var isAttached = device.attach()
    device.detach()
    let time = nanoseconds { isAttached = device.attach() }
    guard isAttached else { throw FigureError.outOfMemory }
    return time
  }
}
