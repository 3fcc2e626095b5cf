// SPDX-License-Identifier: Apache-2.0

import Foundation
import SeededBugs

/// A copy of the package with all faults in it: one build serves small changes and bugs alike.
///
/// Changes have the numbers from one on, bugs those from a thousand and one on.
struct FaultyCopy {
  static let layers = [
    "PageTables", "PageAllocator", "Vmemmap", "HugeTLB", "ZoneDevice", "Hotplug",
  ]

  let copy: PackageCopy
  let mutants: [Mutant]
  /// All bugs, as the catalogue orders them.
  let bugs: [SeededBug]

  /// Chooses the changes, and brings the copy up to date.
  init(_ options: RunOptions) throws {
    copy = try options.copy()
    bugs = try SeededBug.all(in: copy)
    let sources = try Self.sources(in: copy)
    let chosen = try Self.choose(options, sources, bugs, copy)
    mutants = chosen
    let changed = try seeded.applied(to: chosen.applied(to: sources), in: copy)
    try copy.update(changed: changed)
    guard !options.skipBuild else { return }
    let complaints = try Compiler(copy: copy).complaints()
    guard complaints.isEmpty else {
      let lines = complaints.map { "\($0.path):\($0.line):\($0.text)" }
      throw Failure(lines.joined(separator: "\n"))
    }
    try copy.build()
  }

  /// The bugs that are in the copy.
  var seeded: [SeededBug] { bugs.filter { $0.impossible == nil } }

  static func sources(in copy: PackageCopy) throws -> [SourceText] {
    try layers.flatMap { try copy.sources(under: "Sources/KernelMemory/\($0)") }
  }

  /// Chooses until the compiler has nothing against any change. Places of bugs are theirs.
  private static func choose(
    _ options: RunOptions, _ sources: [SourceText], _ bugs: [SeededBug], _ copy: PackageCopy
  ) throws -> [Mutant] {
    let selection = Selection(sources, sparing: bugs, seed: options.seed)
    let memory = DroppedChanges(copy, sources, seed: options.seed)
    var dropped = memory.known
    note("\(selection.candidateCount) places in \(sources.count) files")
    while true {
      let mutants = selection.mutations(count: options.count, without: dropped ?? []).enumerated()
        .map { Mutant(number: $0.offset + 1, mutation: $0.element) }
      if dropped == memory.known, dropped != nil, memory.isComplete(options.count) {
        return mutants
      }
      try copy.update(changed: mutants.applied(to: sources))
      let complaints = try Compiler(copy: copy).complaints()
      let culprits = mutants.culprits(of: complaints)
      guard !complaints.isEmpty else {
        try memory.note(dropped ?? [], count: options.count)
        return mutants
      }
      note("\(culprits.count) changes do not compile; others take their place")
      guard !culprits.isEmpty else {
        throw Failure("complaints about no change: \(complaints.map(\.text).prefix(5))")
      }
      dropped = (dropped ?? []).union(culprits.map { MutationID($0.mutation) })
    }
  }
}

/// The changes that are known not to compile, in a file.
private struct DroppedChanges {
  private let file: URL
  private let header: String
  /// Nil if nothing is known of these sources.
  let known: Set<MutationID>?
  private let counts: Set<Int>

  init(_ copy: PackageCopy, _ sources: [SourceText], seed: UInt64) {
    file = copy.folder.appending(path: "dropped.tsv")
    var hash = Checksum()
    for source in sources { hash.add(source.bytes) }
    header = "# seed \(seed), sources \(hash)"
    let lines = ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
    guard lines.first.map(String.init) == header else {
      (known, counts) = (nil, [])
      return
    }
    known = Set(lines.dropFirst().compactMap { MutationID(row: $0) })
    counts = Set(lines.compactMap { $0.hasPrefix("count\t") ? Int($0.dropFirst(6)) : nil })
  }

  /// Whether a choice of `count` was checked to its end.
  func isComplete(_ count: Int) -> Bool { counts.contains(count) }

  func note(_ dropped: Set<MutationID>, count: Int) throws {
    let rows = dropped.map(\.row).sorted() + counts.union([count]).sorted().map { "count\t\($0)" }
    try ([header] + rows).joined(separator: "\n")
      .write(to: file, atomically: true, encoding: .utf8)
  }
}

extension MutationID {
  fileprivate var row: String { "\(path)\t\(range.lowerBound)\t\(range.upperBound)\t\(title)" }

  fileprivate init?(row: Substring) {
    let parts = row.split(separator: "\t", maxSplits: 3).map(String.init)
    guard parts.count == 4, let start = Int(parts[1]), let end = Int(parts[2]), start <= end
    else { return nil }
    (path, range, title) = (parts[0], start..<end, parts[3])
  }
}

/// A number that tells contents apart.
struct Checksum: CustomStringConvertible {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  var description: String { String(value, radix: 16) }
}
