// SPDX-License-Identifier: Apache-2.0

/// How often a processor walks the page tables for a workload whose table is mapped with small pages,
/// and with huge ones.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct TLBReport: Codable, Equatable, Sendable {
  public var schema = "hvo.tlb"
  public var version = 1
  /// The processor's name, as `--cpu` takes it.
  public var cpu: String
  /// Whether no vendor's document is known that says all of its geometry.
  public var isUnverified: Bool
  public var architecture: String
  public var kernelDesign: String
  public var workload: String
  public var lookups: UInt
  /// Hardware threads that share the TLB.
  public var threads: UInt
  public var seed: UInt64
  public var tableBytes: UInt
  /// The base pages that share an entry if they lie together; 1 if none do.
  public var coalescedPages: UInt
  /// The pages with which a host maps the machine's memory; nil if it is no guest.
  public var hostPageBytes: UInt?
  public var firstLevel: [Part]
  public var secondLevel: [Part]
  public var small: Count
  public var huge: Count
  /// Walks with small pages, of which there are so many to each with huge pages; nil if there are
  /// none with huge pages.
  public var ratio: Double?
  /// The same with tables of other sizes, smallest first; empty for a trace.
  public var sizes: [Size]
  /// What must be known to read the numbers.
  public var notes: [String]

  /// Entries that are sought together.
  public struct Part: Codable, Equatable, Sendable {
    public var pageBytes: [UInt]
    public var entries: Int
    public var ways: Int
  }

  /// What was counted. Stores are not: the counter of `dTLB-load-misses` does not count them either.
  public struct Count: Codable, Equatable, Sendable {
    /// Entries that it takes to translate the whole table.
    public var translations: UInt
    /// Loads.
    public var reads: UInt
    /// Loads whose page the first level did not know.
    public var firstLevelMisses: UInt
    /// Loads for which the tables were walked.
    public var walks: UInt
    /// Loads from the table.
    public var tableReads: UInt
    /// Of these, those for which the tables were walked.
    public var tableWalks: UInt

    /// The share of loads from the table that ended in a walk.
    public var tableMissRate: Double {
      tableReads == 0 ? 0 : Double(tableWalks) / Double(tableReads)
    }
  }

  /// What was counted with a table of one size.
  public struct Size: Codable, Equatable, Sendable {
    public var tableBytes: UInt
    public var smallWalks: UInt
    public var hugeWalks: UInt
    public var smallMissRate: Double
    public var hugeMissRate: Double
  }
}

extension TLBReport {
  /// How many walks with small pages there are to each with huge ones; nil if there are none.
  static func ratio(_ small: UInt, _ huge: UInt) -> Double? {
    huge == 0 ? nil : Double(small) / Double(huge)
  }
}
