// SPDX-License-Identifier: Apache-2.0

/// Something that is never so in a subsystem at rest, but was.
public struct InvariantViolation: Equatable, Sendable {
  /// What the violation was found at.
  public enum Subject: Equatable, Sendable {
    /// The subsystem as a whole.
    case subsystem
    case frame(PageFrameNumber)
    /// A frame that two have.
    case frameOfTwo(PageFrameNumber, FrameOwner, FrameOwner)
    case section(SectionNumber)
    case node(NodeID)
    case zone(NodeID, ZoneKind)
    /// The pool of pages of an order.
    case pool(PageOrder)
    case address(VirtualAddress)
    /// What a CPU's TLB holds for an address.
    case cachedAddress(CPUID, VirtualAddress)
  }

  /// What does not hold.
  public var rule: InvariantRule
  /// What it was found at.
  public var subject: Subject
  /// The number that should be; nil where words tell it.
  public var wanted: UInt?
  /// The number that is; nil where words tell it.
  public var found: UInt?

  /// The law that does not hold.
  public var predicate: InvariantPredicate { rule.predicate }
}

extension InvariantViolation {
  /// Appends a line for people:
  /// `P-HVO 3: address 0x…: the tails of a … shared tail: wanted frame 77, found frame 78`.
  public func describe(to sink: inout TextSink) {
    predicate.write(to: &sink)
    sink.append(": ")
    if subject != .subsystem {
      describeSubject(to: &sink)
      sink.append(": ")
    }
    sink.append(rule.sentence)
    sink.append(": wanted ")
    describeWanted(to: &sink)
    sink.append(", found ")
    describeFound(to: &sink)
    sink.newline()
  }

  /// Appends what should be, such as `512 pages`.
  public func describeWanted(to sink: inout TextSink) {
    if case .words(let words, _) = rule.measure { return sink.append(words) }
    describe(wanted ?? 0, to: &sink)
  }

  /// Appends what is, such as `511 pages`.
  public func describeFound(to sink: inout TextSink) {
    if case .words(_, let words) = rule.measure { return sink.append(words) }
    describe(found ?? 0, to: &sink)
  }

  private func describe(_ number: UInt, to sink: inout TextSink) {
    switch rule.measure {
    case .words: return
    case .count(let unit):
      sink.appendDecimal(number)
      sink.append(" ")
      sink.append(unit)
    case .frame where number == .max: sink.append("no frame")
    case .frame:
      sink.append("frame ")
      sink.appendDecimal(number)
    case .bits:
      sink.append("0x")
      sink.appendHex(number)
    }
  }

  /// Appends where it was found, such as `frame 5120`; nothing for the subsystem as a whole.
  public func describeSubject(to sink: inout TextSink) {
    switch subject {
    case .subsystem: return
    case .frame(let pfn): append("frame ", pfn.rawValue, to: &sink)
    case .frameOfTwo(let pfn, let first, let second):
      append("frame ", pfn.rawValue, to: &sink)
      sink.append(" of ")
      sink.append(first.name)
      sink.append(" and ")
      sink.append(second.name)
    case .section(let number): append("section ", number.rawValue, to: &sink)
    case .node(let node): append("node ", UInt(node.rawValue), to: &sink)
    case .zone(let node, let kind):
      append("node ", UInt(node.rawValue), to: &sink)
      sink.append(", zone ")
      sink.append(kind.name)
    case .pool(let order): append("pool of order ", UInt(order.rawValue), to: &sink)
    case .address(let address):
      sink.append("address 0x")
      sink.appendHex(address.rawValue)
    case .cachedAddress(let cpu, let address):
      append("CPU ", UInt(cpu.rawValue), to: &sink)
      sink.append(", address 0x")
      sink.appendHex(address.rawValue)
    }
  }

  private func append(_ text: StaticString, _ number: UInt, to sink: inout TextSink) {
    sink.append(text)
    sink.appendDecimal(number)
  }
}
