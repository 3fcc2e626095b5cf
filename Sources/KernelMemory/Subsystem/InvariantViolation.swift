// SPDX-License-Identifier: Apache-2.0

/// Something that is never so in a subsystem at rest, but was.
public struct InvariantViolation: Equatable, Sendable {
  /// What does not hold.
  public enum Rule: Equatable, Sendable {
    /// A rule of the pools; the number is that of spec 06 section 15, 0 for rules of our own.
    case pool(predicate: Int)
    /// The zones' managed pages add up to the total.
    case managedPages
    /// The free blocks of a zone add up to its free pages.
    case freePages(NodeID, ZoneKind)
    /// The counters of the vmemmap add up to the pages that have a frame of their own.
    case vmemmapPages
    /// Mappings share as many frames as the folded pages say.
    case savedPages
  }

  /// The rule.
  public var rule: Rule
  /// The number that should be.
  public var wanted: UInt
  /// The number that is.
  public var found: UInt
}

extension InvariantViolation {
  /// Appends a line for people.
  public func describe(to sink: inout TextSink) {
    switch rule {
    case .pool(let predicate):
      sink.append("pools: rule ")
      sink.appendDecimal(signed: predicate)
    case .managedPages: sink.append("managed pages of zones")
    case .freePages(let node, let kind):
      sink.append("free blocks of node ")
      sink.appendDecimal(UInt(node.rawValue))
      sink.append(", zone ")
      sink.append(kind.name)
    case .vmemmapPages: sink.append("vmemmap counters")
    case .savedPages: sink.append("shared vmemmap mappings")
    }
    sink.append(": wanted ")
    sink.appendDecimal(wanted)
    sink.append(", found ")
    sink.appendDecimal(found)
    sink.newline()
  }
}
