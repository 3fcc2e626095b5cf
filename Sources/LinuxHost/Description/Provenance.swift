// SPDX-License-Identifier: Apache-2.0

extension HostDescription {
  /// A part of the description that can come from several places.
  public enum Fact: String, Hashable, Codable, Sendable, CaseIterable {
    case architecture, pageSize, kernelRelease, commandLine, processors, memoryTotals, memoryMap
    case memoryBlocks, zones, nodes, nodeMemory, hugePages, vmemmapPages, hvo, memmapOnMemory
  }

  /// Where one fact came from.
  public struct Provenance: Hashable, Codable, Sendable {
    /// The fact.
    public var fact: Fact
    /// The files or calls it was read from; empty if it was assumed.
    public var sources: [String]
    /// How far it can be trusted.
    public var confidence: Confidence
  }

  /// How far a fact can be trusted.
  public enum Confidence: String, Hashable, Codable, Sendable {
    /// The host says so.
    case read
    /// It follows from what the host says, within the error that a note names.
    case derived
    /// Nothing was readable; this is what most hosts have.
    case assumed
  }

  /// Something that could not be read or understood.
  public struct Note: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file, as its path on the host.
    public var path: String
    /// What is wrong with it and what was done instead.
    public var text: String

    public var description: String { "\(path): \(text)" }
  }

  /// Where `fact` came from, or `nil` if the host has nothing of the kind.
  public func provenance(of fact: Fact) -> Provenance? {
    provenance.first { $0.fact == fact }
  }
}
