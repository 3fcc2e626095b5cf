// SPDX-License-Identifier: Apache-2.0

import KernelMemory
public import KernelMemoryLab

/// What the user wants tortured, as typed.
public struct TortureRequest: Sendable {
  public var seed: String?
  /// How long, such as `60s`, `10m` or `2h`.
  public var time: String?
  /// How many random operations.
  public var steps: String?
  /// `sweep`, `schedules`, `random` or `all`, or several with commas between.
  public var what: String?
  /// Architectures with commas between.
  public var architectures: String?
  /// Kernels with commas between.
  public var kernels: String?
  /// How many processes share the work.
  public var jobs: String?
  /// Whether each process ends with the first finding.
  public var endsWithFirst: Bool

  public init(
    seed: String? = nil, time: String? = nil, steps: String? = nil, what: String? = nil,
    architectures: String? = nil, kernels: String? = nil, jobs: String? = nil,
    endsWithFirst: Bool = false
  ) {
    (self.seed, self.time, self.steps, self.what) = (seed, time, steps, what)
    (self.architectures, self.kernels, self.jobs) = (architectures, kernels, jobs)
    self.endsWithFirst = endsWithFirst
  }

  /// What that means.
  ///
  /// - Throws: ``InputError`` for what cannot be read.
  public func options() throws(InputError) -> TortureOptions {
    var options = TortureOptions()
    if let seed {
      guard let number = UInt64(seed) else {
        throw InputError("--seed is a number from 0 up, not '\(InputError.harmless(seed))'")
      }
      options.seed = number
    }
    options.limit = try limit()
    options.share.count = try jobCount()
    options.endsWithFirst = endsWithFirst
    if let what, what != "all" { options.parts = try parts(what) }
    if let architectures {
      options.formats = []
      for name in architectures.split(separator: ",") {
        options.formats.append(try ArchitectureChoice.format(named: String(name)))
      }
    }
    if let kernels {
      options.kernels = []
      for name in kernels.split(separator: ",") {
        options.kernels.append(try KernelChoice.design(named: String(name)))
      }
    }
    if options.parts == [.schedules], options.scheduledFormats.isEmpty {
      let names = ScheduleExploration.formats.map { "\($0.name)" }.joined(separator: " and ")
      throw InputError("schedules are explored on \(names); name one of them with --arch")
    }
    return options
  }

  private func limit() throws(InputError) -> TortureOptions.Limit {
    guard let steps else { return .time(try duration(time ?? "60s")) }
    guard time == nil else {
      throw InputError("--for and --steps both say when to end; give one of them")
    }
    guard let count = Int(steps), count > 0 else {
      throw InputError("--steps is a number from 1 up, not '\(InputError.harmless(steps))'")
    }
    return .steps(count)
  }

  private func duration(_ text: String) throws(InputError) -> Duration {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
    let unit = text.last.flatMap { units[$0] }
    guard let count = Int(unit == nil ? text : String(text.dropLast())),
      (1...1_000_000).contains(count)
    else {
      throw InputError("--for is a time such as 60s, 10m or 2h, not '\(InputError.harmless(text))'")
    }
    return .seconds(count * (unit ?? 1))
  }

  private func jobCount() throws(InputError) -> Int {
    guard let jobs else { return 1 }
    guard let count = Int(jobs), (1...256).contains(count) else {
      throw InputError("--jobs is a number from 1 to 256, not '\(InputError.harmless(jobs))'")
    }
    return count
  }

  private func parts(_ text: String) throws(InputError) -> [TorturePart] {
    var wanted: Set<TorturePart> = []
    for word in text.split(separator: ",") {
      guard let part = TorturePart(rawValue: String(word)) else {
        throw InputError(
          "--what is sweep, schedules, random or all, not '\(InputError.harmless(String(word)))'")
      }
      wanted.insert(part)
    }
    return TorturePart.allCases.filter(wanted.contains)
  }
}
