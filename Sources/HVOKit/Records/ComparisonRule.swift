// SPDX-License-Identifier: Apache-2.0

/// The rules by which a target is held against a record, one per kind of field.
///
/// A fresh kernel also holds its own code, slabs and page cache, which a twin has not; so totals
/// are compared as changes since boot, and what depends on chance has a tolerance.
public enum ComparisonRule: String, CaseIterable, Sendable {
  /// What an action answered.
  case outcome
  /// Counters of pools, of the machine and of nodes.
  case pools
  /// Both memmap counters together.
  case memmapSum = "memmap-sum"
  /// `MemTotal`, each memmap counter, and what zones manage.
  case totals
  /// What zones span and what is present.
  case zoneSizes = "zone-sizes"
  /// How much vmemmap is mapped.
  case mappedVmemmap = "mapped-vmemmap"
  /// Saved pages and read-only entries.
  case savings
  /// How frames of the vmemmap are shared.
  case sharedFrames = "shared-frames"
  /// Page tables and huge leaves of the vmemmap.
  case tables
  /// Free memory.
  case freePages = "free"
  /// Huge leaves of vmalloc areas.
  case vmalloc
}

extension ComparisonRule {
  /// The rule in a few words, as differences print it.
  public var summary: String {
    switch self {
    case .outcome: "answers are equal"
    case .pools: "pools are equal"
    case .memmapSum: "both memmap counters change equally together"
    case .totals: "totals change equally"
    case .zoneSizes: "zones change equally"
    case .mappedVmemmap: "as much vmemmap is mapped"
    case .savings: "as much is saved"
    case .sharedFrames: "frames are shared alike"
    case .tables: "as many tables are spent"
    case .freePages: "free memory changes equally"
    case .vmalloc: "vmalloc maps alike"
    }
  }
}
