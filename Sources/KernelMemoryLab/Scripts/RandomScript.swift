// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// Random operations for the machine of a script, to stand behind its lines.
public struct RandomScript {
  /// The operations and what is expected of them.
  public let lines: [String]
  /// How many operations come between two checks of everything.
  private static let checkInterval = 100

  /// Makes up `count` operations.
  ///
  /// - Throws: ``NodeLayoutError``, ``HostedMachineError`` or ``BootError`` where there can be no such
  ///   machine.
  public init(behind script: Script, count: Int, seed: UInt64) throws {
    var answered = try AnsweredLines(behind: script)
    var random = SplitMix(seed: seed)
    var number = 0
    while number < count {
      guard answered.add(answered.facts.randomOperation(using: &random)) else { continue }
      number += 1
      if number % Self.checkInterval == 0 || number == count { answered.add("#@ check") }
    }
    lines = answered.lines
  }
}
