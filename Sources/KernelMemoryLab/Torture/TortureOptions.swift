// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// One of the things that a torture does.
public enum TorturePart: String, CaseIterable, Codable, Sendable {
  /// Every allocation of every operation fails.
  case sweep
  /// Operations of several CPUs run in every order.
  case schedules
  /// Random operations run on random machines.
  case random
}

/// What a torture is to do, and how long.
public struct TortureOptions: Sendable {
  /// When it ends.
  public enum Limit: Equatable, Sendable {
    /// After so much time, of which each part gets its share.
    case time(Duration)
    /// After so many random operations, and once everything else is complete.
    case steps(Int)
  }

  /// What chance begins from.
  public var seed: UInt64 = 1
  public var limit = Limit.time(.seconds(60))
  /// What is done, in this order.
  public var parts = TorturePart.allCases
  public var kernels = KernelDesign.all
  public var formats = RandomWalk.allFormats
  /// Whether the first finding is enough.
  public var endsWithFirst = false
  /// How many processes share the work, and which of them this is, from 0.
  public var share = (index: 0, count: 1)

  public init() {}

  /// Those of `formats` on which schedules are explored: the others are to CPUs like one of these.
  public var scheduledFormats: [PagingFormat] {
    ScheduleExploration.formats.filter { wanted in
      formats.contains { $0.name.description == wanted.name.description }
    }
  }

  /// When `part` has to end, if it begins at `start`: the parts that follow it get as much as it.
  func deadline(
    of part: TorturePart, from start: ContinuousClock.Instant, end: ContinuousClock.Instant?
  ) -> ContinuousClock.Instant? {
    guard let end, let place = parts.firstIndex(of: part) else { return nil }
    return start.advanced(by: start.duration(to: end) / (parts.count - place))
  }
}

/// How far a torture has come: what it is about to try.
public struct TorturePosition: Codable, Equatable, Sendable {
  public var part: TorturePart
  /// The number of the case within the part, from 0.
  public var number: Int

  public init(part: TorturePart, number: Int) { (self.part, self.number) = (part, number) }
}
