// SPDX-License-Identifier: Apache-2.0

// Comparing what is with what should be.

extension ScriptRunner {
  func meets(_ expectation: ScriptExpectation) -> ScriptOutcome.Result {
    switch expectation {
    case .text(let wanted, let path):
      return compareFile(path, with: wanted) { $0[...] }
    case .field(let field, let wanted):
      return compareFile(field.path, with: wanted) { Self.field(field.name[...], in: $0[...]) }
    case .change(let field, let wanted):
      let size = wanted.magnitude
      return compare(
        wanted: wanted < 0 ? Self.change(from: size, to: 0) : Self.change(from: 0, to: size),
        found: changeText(of: field))
    case .error(let error):
      return compare(wanted: Self.name(of: error), found: Self.name(of: lastError))
    case .output(let wanted): return compare(wanted: wanted, found: lastOutput[...])
    case .vmallocLeaves(let wanted):
      let found = tree.subsystem.vmallocCensus().hugeLeafCount
      return compare(wanted: Self.decimal(wanted), found: Self.decimal(found)[...])
    case .savedPages(let wanted):
      let found = tree.subsystem.vmemmapCensus().savedPageCount
      return compare(wanted: Self.decimal(wanted), found: Self.decimal(found)[...])
    }
  }

  private static func name(of error: InterfaceError?) -> [UInt8] {
    error?.name.bytes ?? ("none" as StaticString).bytes
  }

  /// By how much the field's number has changed since it was remembered, in words.
  private func changeText(of field: ScriptField) -> [UInt8] {
    guard let before = memories.first(where: { $0.field == field })?.number else {
      return ("nothing remembered" as StaticString).bytes
    }
    guard let now = number(of: field) else { return ("no number" as StaticString).bytes }
    return Self.change(from: before, to: now)
  }

  /// The number behind a field's name now.
  func number(of field: ScriptField) -> UInt? {
    guard let text = try? tree.read(field.path[...]) else { return nil }
    return try? Parsing.sysfsUnsigned(Self.field(field.name[...], in: text[...]))
  }

  /// A change as scripts write it: `+7`, `-7` or `0`.
  private static func change(from before: UInt, to now: UInt) -> [UInt8] {
    var text = TextSink()
    if now != before { text.append(now > before ? "+" : "-") }
    text.appendDecimal(now > before ? now &- before : before &- now)
    return text.bytes
  }

  private static func decimal(_ number: UInt) -> [UInt8] {
    var text = TextSink()
    text.appendDecimal(number)
    return text.bytes
  }

  private func compareFile(
    _ path: [UInt8], with wanted: [UInt8], _ part: ([UInt8]) -> ArraySlice<UInt8>
  ) -> ScriptOutcome.Result {
    do throws(InterfaceError) {
      return compare(wanted: wanted, found: part(try tree.read(path[...])))
    } catch {
      return .unmet(wanted: wanted, found: error.name.bytes)
    }
  }

  /// Compares texts without spaces at their ends.
  private func compare(wanted: [UInt8], found: ArraySlice<UInt8>) -> ScriptOutcome.Result {
    let found = found.trimmingSpaces
    return found.isEqual(to: wanted[...].trimmingSpaces)
      ? .succeeded : .unmet(wanted: wanted, found: Array(found))
  }

  private func compare(wanted: [UInt8], found: [UInt8]) -> ScriptOutcome.Result {
    compare(wanted: wanted, found: found[...])
  }

  /// The word behind `name`, or `name:`, on the first line that has it; empty if none has.
  private static func field(
    _ name: ArraySlice<UInt8>, in text: ArraySlice<UInt8>
  ) -> ArraySlice<UInt8> {
    var lines = TextLines(text)
    while var line = lines.next() {
      while let word = line.popWord() {
        let bare = word.last == ASCII.colon ? word.dropLast() : word
        if bare.isEqual(to: name) || word.isEqual(to: name) { return line.popWord() ?? [] }
      }
    }
    return []
  }

  /// Checks every invariant of the subsystem; those that do not hold are printed.
  func check(output: inout TextSink) -> ScriptOutcome.Result {
    let violations = tree.subsystem.checkInvariants()
    for violation in violations { violation.describe(to: &output) }
    return violations.isEmpty ? .succeeded : .violated(count: violations.count)
  }
}
