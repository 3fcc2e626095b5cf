// SPDX-License-Identifier: Apache-2.0

import KernelMemory
public import KernelMemoryLab

/// What a torture explored, and what it found.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct TortureReport: Codable, Sendable {
  public var schema = "hvo.torture"
  public var version = 1
  /// What chance began from.
  public var seed: UInt64
  /// What was done.
  public var parts: [TorturePart]
  public var kernels: [String]
  public var architectures: [String]
  public var seconds: Double
  public var explored: TortureTally

  /// Whether nothing was found.
  public var isClean: Bool { explored.findings.isEmpty }

  init(_ options: TortureOptions, _ tally: TortureTally, duration: Duration) {
    seed = options.seed
    parts = options.parts
    kernels = options.kernels.map { "\($0.name)" }
    architectures = options.formats.map { "\($0.name)" }
    seconds =
      Double(duration.components.seconds)
      + Double(duration.components.attoseconds / 1_000_000_000_000_000) / 1000
    explored = tally
  }

  /// A line about a torture that still runs.
  static func progress(
    _ tally: TortureTally, since begin: ContinuousClock.Instant
  ) -> String {
    "hvo: \(begin.duration(to: .now).components.seconds) s: "
      + "\(ByteText.grouped(UInt(tally.operations))) operations, "
      + "\(ByteText.grouped(UInt(tally.failures))) failures, "
      + "\(ByteText.grouped(UInt(tally.schedules))) schedules, \(tally.findings.count) found"
  }
}

extension TortureReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    explored.findings.flatMap { text($0, style) } + summary(style)
  }

  private func summary(_ style: TextStyle) -> [String] {
    func grouped(_ count: Int) -> String { ByteText.grouped(UInt(count)) }
    var lines: [String] = []
    if parts.contains(.sweep) {
      lines.append(
        "sweep      \(grouped(explored.failures)) failures in "
          + "\(grouped(explored.sweptOperations)) operations")
    }
    if parts.contains(.schedules) {
      lines.append(
        "schedules  \(grouped(explored.schedules)) orders of "
          + "\(grouped(explored.groups)) pairs of operations")
    }
    if parts.contains(.random) {
      lines.append(
        "random     \(grouped(explored.operations)) operations on "
          + "\(grouped(explored.machines - explored.refusedMachines)) machines, "
          + "\(grouped(explored.distinctStates)) states")
    }
    let whole = parts == [.random] || explored.isComplete ? "" : "; not everything was tried"
    let verdict =
      isClean ? "nothing found" : ByteText.count(UInt(explored.findings.count), "finding")
    return lines + [
      style.strong(verdict) + " in \(Int(seconds.rounded())) s with seed \(seed)\(whole)"
    ]
  }

  private func seconds(_ time: Double) -> String { "\((time * 10).rounded() / 10)" }

  private func text(_ finding: TortureFinding, _ style: TextStyle) -> [String] {
    var lines = [
      style.strong("\(finding.part.rawValue): \(finding.law)")
        + " (\(finding.effort) tried, \(seconds(finding.seconds)) s)"
    ]
    lines += finding.details.prefix(8).map { "  \(InputError.harmless($0, limit: 400))" }
    if finding.details.count > 8 { lines.append("  and \(finding.details.count - 8) more") }
    if let script = finding.script {
      lines += ["", "The script, for hvo run --check:", ""]
      lines += script.split(separator: "\n").map { "  \($0)" }
    }
    if let test = finding.swiftTest {
      lines += ["", "The same as a test:", ""] + test.split(separator: "\n").map { "  \($0)" }
    }
    if let schedule = finding.schedule {
      lines += ["", "To see it again: hvo torture --replay '\(schedule)'"]
    }
    return lines + [""]
  }
}
