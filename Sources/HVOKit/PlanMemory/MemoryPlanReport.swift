// SPDX-License-Identifier: Apache-2.0

/// What it takes to add memory: its descriptors, where these go, and what stays where it is then.
///
/// `Documentation/JSON.md` describes the JSON of it.
///
/// - Unit: bytes where a name says bytes, base pages where it says pages.
public struct MemoryPlanReport: Codable, Equatable, Sendable {
  public var schema = "hvo.plan-memory"
  public var version = 1
  /// The twin before anything is added.
  public var machine: PlanReport.Machine
  /// The host that the twin is of; nil if the user described the machine.
  public var host: PlanReport.Host?
  /// What was asked for, as it was understood.
  public var asked: Asked
  /// What came of it; nil if it cannot be done.
  public var result: Result?
  /// Why it cannot be done; nil if it can.
  public var refusal: String?
  /// What was estimated or chosen.
  public var notes: [String]

  /// What was asked for.
  public struct Asked: Codable, Equatable, Sendable {
    /// `hot-add` or `dax`.
    public var kind: String
    public var startAddress: UInt
    public var bytes: UInt
    public var node: Int
    /// The pages that a device consists of.
    public var alignBytes: UInt?
    /// `mem` or `dev`, of a device.
    public var map: String?
    /// Whether added memory is to hold its own descriptors.
    public var memmapOnMemory: Bool?
    /// The size in which ordinary memory comes and goes.
    public var blockBytes: UInt
  }

  /// What came of it.
  public struct Result: Codable, Equatable, Sendable {
    public var descriptors: Descriptors
    /// Where these lie, the largest part first.
    public var places: [Place]
    /// Page tables that were made, and other memory of the kernel.
    public var tableBytes: UInt
    /// What the memory brings: for everybody, or for the device's user.
    public var usableBytes: UInt
    /// Ordinary memory that is free now and was not, or below zero if there is less.
    public var freeBytesChange: Int
    /// What the hardware was made to do.
    public var cost: PlanReport.Work
    /// The zone that ordinary memory goes to if nobody says which.
    public var zone: String?
    /// What became of an attempt to take memory away again.
    public var departures: [Departure]
    /// What follows, in sentences.
    public var remarks: [String]
  }

  /// Descriptors, as the page tables have them.
  public struct Descriptors: Codable, Equatable, Sendable {
    /// Pages of them.
    public var mappedPages: UInt
    /// Pages with a frame of their own.
    public var privatePages: UInt
    /// Pages that share their frame with others.
    public var sharedPages: UInt
    /// The frames that they share.
    public var sharedFrames: UInt
    /// All frames that hold descriptors.
    public var frames: UInt
    public var hugeLeaves: UInt
    public var readOnlyPages: UInt
    /// Tables of the last level that map them.
    public var entryTables: UInt
  }

  /// Memory that holds descriptors.
  public struct Place: Codable, Equatable, Sendable {
    /// `itself` for the memory that is added, or `node`.
    public var kind: String
    /// The node; nil for the memory itself.
    public var node: Int?
    public var bytes: UInt
    /// Memory blocks that hold some of them.
    public var blocks: UInt
  }

  /// What became of an attempt to take memory blocks offline, or to remove them.
  public struct Departure: Codable, Equatable, Sendable {
    /// What was tried, in words.
    public var what: String
    public var blocks: UInt
    public var succeeded: UInt
    /// Blocks of which the same was possible before memory was added; nil where the question is
    /// pointless.
    public var possibleBefore: UInt?
    /// The errors, each once.
    public var errors: [String]
  }
}
