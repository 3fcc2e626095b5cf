// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab

/// One access of a workload.
struct TLBAccess: Equatable, Sendable {
  /// What is accessed.
  enum Target: Equatable, Sendable {
    /// A byte of the table.
    case table(offset: UInt)
    /// A byte elsewhere, in a page of a size that has nothing to do with the table.
    case memory(address: UInt, pageByteCount: UInt)
  }

  var target: Target
  /// Whether it is a load: only these are counted.
  var isLoad = true
  /// The hardware thread.
  var thread: UInt = 0
}

/// Who uses the table, and how.
enum TLBWorkload: Equatable, Sendable {
  /// `git diff` over a tree of so many files.
  case dentryHash(fileCount: UInt)
  /// Reads of eight bytes anywhere.
  case random(count: UInt)
  /// Reads of one page after the other, over and over.
  case stride(count: UInt)
  /// Reads at these offsets.
  case trace([UInt], name: String)

  /// The names that are no files.
  static let names = ["dentry-hash", "random", "stride"]
  /// The most look-ups.
  static let largestCount: UInt = 10_000_000

  /// Reads what the user wrote behind `--workload` and `--lookups`.
  ///
  /// - Throws: ``InputError``.
  init(_ text: String, lookups: String?) throws(InputError) {
    let count = try Self.count(lookups)
    switch text {
    case "dentry-hash":
      self = .dentryHash(fileCount: count ?? DentryHashTraffic.Tree.linux.fileCount)
    case "random": self = .random(count: count ?? 1_000_000)
    case "stride": self = .stride(count: count ?? 1_000_000)
    default:
      guard count == nil else {
        throw InputError("--lookups: a trace has as many as it has; leave the option out")
      }
      self = .trace(try OffsetTrace.read(text), name: text)
    }
  }

  private static func count(_ text: String?) throws(InputError) -> UInt? {
    guard let text else { return nil }
    let count = try SizeText.count(text, option: "--lookups")
    guard (1...largestCount).contains(count) else {
      throw InputError(
        "--lookups: write a number from 1 to \(ByteText.grouped(largestCount)), not \(count)")
    }
    return count
  }

  /// The name, as the user writes it.
  var name: String {
    switch self {
    case .dentryHash: "dentry-hash"
    case .random: "random"
    case .stride: "stride"
    case .trace(_, let name): name
    }
  }

  /// How often it looks something up.
  var lookupCount: UInt {
    switch self {
    case .dentryHash(let count), .random(let count), .stride(let count): count
    case .trace(let offsets, _): UInt(offsets.count)
    }
  }

  /// Calls `body` with each access to a table of `byteCount` bytes.
  func forEachAccess(
    tableByteCount byteCount: UInt, pageByteCount: UInt, threadCount: UInt, seed: UInt64,
    _ body: (TLBAccess) -> Void
  ) {
    switch self {
    case .dentryHash(let count):
      DentryHashTraffic(
        tree: .linux.resized(toFiles: count), bucketCount: byteCount / 8, threadCount: threadCount,
        seed: seed
      ).forEachAccess(body)
    case .random(let count):
      var generator = SplitMix(seed: seed)
      for _ in 0..<count {
        let offset = UInt.random(in: 0..<byteCount / 8, using: &generator) * 8
        body(TLBAccess(target: .table(offset: offset)))
      }
    case .stride(let count):
      let pageCount = (byteCount + pageByteCount - 1) / pageByteCount
      for number in 0..<count {
        body(TLBAccess(target: .table(offset: number % pageCount * pageByteCount)))
      }
    case .trace(let offsets, _):
      for offset in offsets { body(TLBAccess(target: .table(offset: offset))) }
    }
  }
}
