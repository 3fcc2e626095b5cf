// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

/// Which locks each CPU holds, and whether it takes them in order.
struct LockOrder {
  /// What a CPU is about, as far as it concerns others.
  enum Whereabouts {
    case working
    case waiting(LockID)
    case spinning
    case done
  }

  private struct HeldLock {
    let id: LockID
    let rank: LockRank
  }

  /// By CPU, in the order in which they were taken.
  private var held: [[HeldLock]]
  /// The ranks of locks that were asked for.
  private var ranks: [LockID: LockRank] = [:]

  init(cpuCount: Int) { held = Array(repeating: [], count: cpuCount) }

  /// What is wrong with `cpu` taking a lock now; nil if nothing is.
  mutating func complaint(of cpu: Int, taking lock: LockID, _ rank: LockRank) -> String? {
    ranks[lock] = rank
    guard let obstacle = held[cpu].first(where: { $0.rank >= rank }) else { return nil }
    let relation = obstacle.id == lock ? "the same" : "out of order"
    return
      "CPU \(cpu) takes lock \"\(rank.name)\" while it holds \"\(obstacle.rank.name)\": \(relation)"
  }

  /// Whether the lock, which was asked for before, guards no more than a list.
  func guardsList(_ lock: LockID) -> Bool { ranks[lock]?.guardsList ?? false }

  mutating func take(_ lock: LockID, _ rank: LockRank, by cpu: Int) {
    held[cpu].append(HeldLock(id: lock, rank: rank))
  }

  mutating func release(_ lock: LockID, by cpu: Int) {
    if let index = held[cpu].lastIndex(where: { $0.id == lock }) { held[cpu].remove(at: index) }
  }

  /// What is wrong with `cpu` being done; nil if nothing is.
  func complaintAtEnd(of cpu: Int) -> String? {
    held[cpu].last.map { "CPU \(cpu) is done and holds lock \"\($0.rank.name)\"" }
  }

  /// What every CPU holds and waits for, in words.
  func whereabouts(of describe: (Int) -> Whereabouts) -> String {
    held.indices.map { cpu in
      let names = held[cpu].map { "\"\($0.rank.name)\"" }
      let possession = names.isEmpty ? "nothing" : names.joined(separator: ", ")
      return "CPU \(cpu) holds \(possession) and \(text(describe(cpu)))"
    }.joined(separator: "; ")
  }

  private func text(_ whereabouts: Whereabouts) -> String {
    switch whereabouts {
    case .working: return "works"
    case .spinning: return "spins"
    case .done: return "is done"
    case .waiting(let lock):
      let name = ranks[lock].map { "\($0.name)" } ?? "?"
      let owner = held.firstIndex { $0.contains { $0.id == lock } }
      return "waits for \"\(name)\"" + (owner.map { ", which CPU \($0) holds" } ?? "")
    }
  }
}
