// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// A way to break a subsystem: one thing is wrong afterwards, and one rule must say so.
struct Damage: Sendable, CustomStringConvertible {
  /// What is broken.
  let rule: InvariantRule
  /// What was done.
  let name: String
  /// Does it to a new subsystem, and returns what the check says then.
  let violations: @Sendable () throws -> [InvariantViolation]

  var description: String { "\(rule.predicate.text), \(rule): \(name)" }

  /// All ways, at least one for each rule.
  static var all: [Self] {
    var list = DamageList()
    list.addMemory()
    list.addFreeMemory()
    list.addTables()
    list.addPopulation()
    list.addFolding()
    list.addPools()
    list.addDevices()
    list.addBlocks()
    list.addHotplugCounts()
    list.addAreas()
    list.addAreaMappings()
    return list.all
  }
}

/// Ways to break a subsystem, one after another.
struct DamageList {
  private(set) var all: [Damage] = []

  /// Adds a way that breaks `rule`; `damage` does it to a new subsystem.
  mutating func add(
    _ rule: InvariantRule, _ name: String,
    _ damage: @escaping @Sendable () throws -> MemorySubsystem
  ) {
    all.append(Damage(rule: rule, name: name) { try damage().checkInvariants() })
  }

  /// Adds a way to break what no subsystem lets one break; `check` looks at it by itself.
  mutating func addCheck(
    _ rule: InvariantRule, _ name: String,
    _ check: @escaping @Sendable () throws -> [InvariantViolation]
  ) {
    all.append(Damage(rule: rule, name: name, violations: check))
  }
}

/// Something that a test counts on is not there.
struct MissingFixture: Error {
  let what: String
}

/// The value, which a test counts on.
func need<Value>(_ value: Value?, _ what: String = "a value") throws -> Value {
  guard let value else { throw MissingFixture(what: what) }
  return value
}

extension InvariantPredicate {
  /// The name, such as `P-HVO 3`.
  var text: String {
    var sink = TextSink()
    write(to: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }
}
