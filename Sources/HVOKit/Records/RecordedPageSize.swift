// SPDX-License-Identifier: Apache-2.0

/// A size of huge pages as records name it: `2048kB`.
///
/// - Unit: KiB.
public struct RecordedPageSize: Hashable, Comparable, Sendable {
  /// The size in KiB.
  public let kilobytes: Int

  /// Creates the size of `kilobytes` KiB; `nil` unless it is a power of two of 8 KiB to 1 TiB.
  public init?(kilobytes: Int) {
    guard (8...1 << 30).contains(kilobytes), kilobytes.nonzeroBitCount == 1 else { return nil }
    self.kilobytes = kilobytes
  }

  /// Creates the size from its name in `/sys`, such as `2048kB`.
  public init?(name: some StringProtocol) {
    guard name.hasSuffix("kB"), let kilobytes = Int(name.dropLast(2)) else { return nil }
    self.init(kilobytes: kilobytes)
  }

  private init(valid kilobytes: Int) { self.kilobytes = kilobytes }

  /// Huge pages of 2 MiB.
  public static let twoMegabytes = RecordedPageSize(valid: 2048)
  /// Huge pages of 1 GiB.
  public static let oneGigabyte = RecordedPageSize(valid: 1_048_576)

  public static func < (a: Self, b: Self) -> Bool { a.kilobytes < b.kilobytes }

  /// The pages of 4 KiB in one huge page.
  public var pageCount: Int { kilobytes / 4 }

  /// The pages of 4 KiB that hold the descriptors of one huge page: 8 for 2M, 4096 for 1G.
  ///
  /// A descriptor has 64 bytes, so a page holds 64 of them (spec 05 section 1).
  public var vmemmapPageCount: Int { pageCount / 64 }
}

extension RecordedPageSize: CustomStringConvertible {
  public var description: String { "\(kilobytes)kB" }
}
