// SPDX-License-Identifier: Apache-2.0

/// Says at each step who goes on: by a schedule, or by chance.
struct ScheduleGuide {
  /// Who goes on.
  enum Choice {
    /// Whoever does without a schedule.
    case usual
    /// Another CPU, which can.
    case other(Int)
    /// The schedule wants something that cannot be.
    case impossible(Schedule.Switch)
  }

  private let switches: [Schedule.Switch]
  private var next = 0
  private var random: SplitMix?
  /// How many steps chance lets pass from one switch to the next, about.
  private let rarity: Int

  /// A guide that does what `schedule` says.
  init(_ schedule: Schedule) {
    switches = schedule.switches
    rarity = 1
  }

  /// A guide that has another CPU go on at about one of `rarity` steps.
  init(random seed: UInt64, onceIn rarity: Int) {
    switches = []
    random = SplitMix(seed: seed)
    self.rarity = rarity
  }

  /// Who goes on at `step`: `usual` or one of `alternatives`, of which bit *n* stands for CPU *n*.
  mutating func choice(
    at step: Int, insteadOf usual: Int, _ alternatives: UInt64, isFree: Bool
  ) -> Choice {
    guard random == nil else { return randomChoice(among: alternatives, isFree: isFree) }
    guard next < switches.count, switches[next].step <= step else { return .usual }
    let wish = switches[next]
    next += 1
    if wish.step == step, wish.cpu < 64, alternatives & 1 << UInt64(wish.cpu) != 0 {
      return .other(wish.cpu)
    }
    return .impossible(wish)
  }

  private mutating func randomChoice(among alternatives: UInt64, isFree: Bool) -> Choice {
    guard alternatives != 0, var random else { return .usual }
    defer { self.random = random }
    guard Int.random(in: 0..<(isFree ? 2 : rarity), using: &random) == 0 else { return .usual }
    var rest = alternatives
    for _ in 0..<Int.random(in: 0..<alternatives.nonzeroBitCount, using: &random) {
      rest &= rest - 1
    }
    return .other(rest.trailingZeroBitCount)
  }
}
