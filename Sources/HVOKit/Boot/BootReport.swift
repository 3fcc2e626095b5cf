// SPDX-License-Identifier: Apache-2.0

/// What came of booting scripts.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct BootReport: Codable, Sendable {
  public var schema = "hvo.boot"
  public var version = 1
  public var runs: [Run] = []

  /// One boot.
  public struct Run: Codable, Sendable {
    /// The script; nil if somebody typed.
    public var script: String?
    public var architecture: BootArchitecture
    public var memoryBytes: UInt
    public var cpuCount: UInt
    public var nodeCount: UInt
    public var verdict: BootVerdict
    /// Why the kernel did not end as it should, for people; nil if it did.
    public var complaint: String?
    public var seconds: Double
    /// What the console showed.
    public var output: PrintedText
  }

  /// What the command ends with: the worst of all.
  public var exitCode: Int32 { runs.map(\.verdict.exitCode).max() ?? 0 }
}

extension BootReport.Run {
  init(
    script: String?, on machine: BootMachine, verdict: BootVerdict, complaint: String?,
    duration: Duration, output: [UInt8]
  ) {
    self.script = script
    (architecture, memoryBytes) = (machine.architecture, machine.memory)
    (cpuCount, nodeCount) = (machine.cpuCount, machine.nodeCount)
    (self.verdict, self.complaint) = (verdict, complaint)
    seconds = (duration / .milliseconds(1)).rounded() / 1000
    self.output = PrintedText(output)
  }

  /// The lines of the console that say how a kernel that failed came there.
  var backtrace: [String] {
    guard verdict == .failed else { return [] }
    return String(decoding: output.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map(String.init).filter { $0.hasPrefix("  at 0x") }
  }
}
