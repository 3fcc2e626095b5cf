// SPDX-License-Identifier: Apache-2.0

/// What a plan found out: the machine, and for each case what folding gives back and costs.
///
/// `Documentation/JSON.md` describes the JSON of it.
///
/// - Unit: bytes where a name says bytes.
public struct PlanReport: Codable, Equatable, Sendable {
  public var schema = "hvo.plan"
  public var version = 1
  public var machine: Machine
  /// The host that the twin is of; nil if the user described the machine.
  public var host: Host?
  public var cases: [Case]
  /// What to do on the host to get it, line by line.
  public var advice: [Advice]
  /// What was estimated or chosen.
  public var notes: [String]

  /// The twin.
  public struct Machine: Codable, Equatable, Sendable {
    public var architecture: String
    public var kernelDesign: String
    public var cpuCount: Int
    public var memoryBytes: UInt
    public var nodes: [Node]
  }

  /// A node of the twin before any pool is made.
  public struct Node: Codable, Equatable, Sendable {
    public var node: Int
    public var managedBytes: UInt
    public var freeBytes: UInt
  }

  /// The host.
  public struct Host: Codable, Equatable, Sendable {
    public var source: String
    public var kernelRelease: String?
    /// `on`, `off`, `unavailable` or `unknown`.
    public var optimizationState: String
    public var optimizationReason: String
  }

  /// One case.
  public struct Case: Codable, Equatable, Sendable {
    public var title: String
    /// Why the case was not run; nil if it was.
    public var notRun: String?
    public var nodes: [NodeResult]
    public var total: NodeResult?
    public var cost: Cost?
    /// What went otherwise than wanted, and why.
    public var remarks: [String]
  }

  /// What a case does to one node, or to all together.
  public struct NodeResult: Codable, Equatable, Sendable {
    /// The node; nil for all together.
    public var node: Int?
    public var pools: [Pool]
    public var vmemmapBytesBefore: UInt
    public var vmemmapBytesAfter: UInt
    public var tableBytesSpent: Int
    /// Memory that is there in addition, all costs paid; below zero if it costs more than it gives.
    public var netBytesGivenBack: Int
    /// Memory that giving all pages back needs for their descriptors.
    public var restoreBytesNeeded: UInt
    /// Memory that is free when it begins.
    public var restoreBytesFree: UInt
    /// Pages that could not be given back; they stay in the pool as surplus.
    public var pagesNotGivenBack: UInt
  }

  /// A pool's part on a node.
  public struct Pool: Codable, Equatable, Sendable {
    public var pageBytes: UInt
    public var wantedPages: UInt
    public var pages: UInt
    public var optimizedPages: UInt
    /// Pages that were not optimised, by reason.
    public var unoptimizedPages: Unoptimized
  }

  /// Pages that were not optimised.
  public struct Unoptimized: Codable, Equatable, Sendable {
    /// The architecture or size does not allow it.
    public var unsupported: UInt = 0
    /// Their descriptors lie on memory that they describe.
    public var selfHosted: UInt = 0
    /// A frame for their head page or for page tables was missing.
    public var outOfMemory: UInt = 0
    public var count: UInt { unsupported + selfHosted + outOfMemory }
  }

  /// What the case makes the hardware do, all nodes together.
  public struct Cost: Codable, Equatable, Sendable {
    public var grow: Work
    public var shrink: Work
  }

  /// Counted work.
  public struct Work: Codable, Equatable, Sendable {
    public var entriesWritten: UInt
    public var bytesCopied: UInt
    public var pageFlushes: UInt
    public var fullFlushes: UInt
    public var interprocessorInterrupts: UInt
    public var gracePeriods: UInt
  }

  /// One piece of advice.
  public struct Advice: Codable, Equatable, Sendable {
    /// What it is about, as a sentence.
    public var text: String
    /// What to type; nil if there is nothing to type.
    public var command: String?
  }
}
