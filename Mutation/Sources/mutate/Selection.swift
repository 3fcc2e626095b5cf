// SPDX-License-Identifier: Apache-2.0

import SeededBugs

/// Which mutations are tried: of each file as many as its size asks for, of all kinds alike, at
/// random from a seed, none within another.
struct Selection {
  private var random: SplitMix
  /// Candidates of each file in the order in which they are taken.
  private var files: [(path: String, size: Int, candidates: [Mutation])] = []

  /// - Parameter bugs: whose places are left alone.
  init(_ sources: [SourceText], sparing bugs: [SeededBug], seed: UInt64) {
    random = SplitMix(state: seed)
    for source in sources {
      let spared = bugs.flatMap { $0.places(in: source) }
      let mutations = source.mutations().filter { mutation in
        !spared.contains { $0.overlaps(mutation.range) }
      }
      let candidates = Self.order(mutations, &random)
      files.append((source.path, source.code.filter { !$0.isSpace }.count, candidates))
    }
  }

  /// `count` mutations, by file; those of `dropped`, which do not compile, give way to the next.
  func mutations(count: Int, without dropped: Set<MutationID>) -> [Mutation] {
    let left = files.map { file in
      (file.size, file.candidates.filter { !dropped.contains(MutationID($0)) })
    }
    let shares = Self.shares(of: count, sizes: left.map(\.0), limits: left.map(\.1.count))
    return zip(left, shares).flatMap { file, share in
      file.1.prefix(share).sorted { $0.range.lowerBound < $1.range.lowerBound }
    }
  }

  var candidateCount: Int { files.reduce(0) { $0 + $1.candidates.count } }

  /// How many of `count` each file gets: by its size, but no more than it has.
  private static func shares(of count: Int, sizes: [Int], limits: [Int]) -> [Int] {
    var shares = sizes.map { _ in 0 }
    for _ in 0..<count {
      // Whoever is furthest below its share is next.
      let next = sizes.indices.filter { shares[$0] < limits[$0] }
        .max { sizes[$0] * (shares[$1] * 2 + 1) < sizes[$1] * (shares[$0] * 2 + 1) }
      guard let next else { break }
      shares[next] += 1
    }
    return shares
  }

  private static func order(_ mutations: [Mutation], _ random: inout SplitMix) -> [Mutation] {
    var kinds = Mutation.Kind.allCases.map { kind in
      mutations.filter { $0.kind == kind }.shuffled(using: &random)
    }
    var taken: [Mutation] = []
    while true {
      let open = kinds.indices.filter { !kinds[$0].isEmpty }
      guard let kind = open.randomElement(using: &random) else { return taken }
      let mutation = kinds[kind].removeLast()
      if !taken.contains(where: { $0.range.overlaps(mutation.range) }) { taken.append(mutation) }
    }
  }
}

/// What tells mutations of unchanged sources apart.
struct MutationID: Hashable {
  let path: String
  let range: Range<Int>
  let title: String

  init(_ mutation: Mutation) {
    path = mutation.path
    range = mutation.range
    title = mutation.title
  }
}

/// A small generator whose numbers are the same everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
