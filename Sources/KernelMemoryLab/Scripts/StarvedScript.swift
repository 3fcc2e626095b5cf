// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) public import KernelMemory

/// Every operation that asks for memory, with each of its allocations made to fail, to stand behind the
/// lines of a script.
///
/// A sweep begins each attempt on a fresh machine. Here one machine sees them all: between two attempts
/// everything is given back, as far as it goes.
public struct StarvedScript {
  /// The operations and what is expected of them.
  public let lines: [String]

  /// Makes each allocation fail, and then each of a base page and all behind it.
  ///
  /// - Throws: ``NodeLayoutError``, ``HostedMachineError`` or ``BootError`` where there can be no such
  ///   machine.
  public init(behind script: Script) throws {
    var answered = try AnsweredLines(behind: script)
    guard !answered.facts.pageByteCounts.isEmpty else {
      lines = []
      return
    }
    let catalogue = SweepCatalogue(answered.facts)
    for operation in catalogue.all {
      answered.note(operation.name)
      for directive in ["#@ fail-allocation after", "#@ fail-base-pages after"] {
        answered.starve(operation, directive, tidying: catalogue.tidying)
      }
    }
    answered.add("#@ check")
    lines = answered.lines
  }
}

extension AnsweredLines {
  /// Runs an operation again and again, with a later allocation failing each time, until none is left.
  fileprivate mutating func starve(
    _ operation: SweptScript, _ directive: String, tidying: [String]
  ) {
    var served: UInt = 0
    while true {
      for line in operation.before { add(line) }
      let wanted = operation.operation(host)
      add("\(directive) \(served)")
      let before = host.machine.failures.allocationCount
      for line in wanted { add(line) }
      let asked = host.machine.failures.allocationCount &- before
      for line in ["#@ fail-nothing", "#@ check"] + tidying { add(line) }
      if asked <= served { return }
      served += 1
    }
  }
}
