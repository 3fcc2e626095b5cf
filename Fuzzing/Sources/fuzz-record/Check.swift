// SPDX-License-Identifier: Apache-2.0

import HVOKit
import KernelMemory

/// The most memory of a machine that is booted, and the most that is done with it: inputs come by
/// the thousand.
private enum Limits {
  static let byteCount: UInt64 = 2 << 30
  static let stepCount = 8
  static let actionCount = 24
}

/// Reads `text` as a record; what is a record of a small machine is replayed, and the twin must be
/// sound when that is over.
func check(_ text: [UInt8]) {
  let record: Record
  do throws(RecordError) {
    record = try Record(parsing: String(decoding: text, as: UTF8.self), file: "input")
  } catch {
    precondition(!error.description.isEmpty, "an error says what is wrong")
    return
  }
  guard isSmall(record), var target = try? TwinTarget(record) else { return }
  let differences = RecordReplay(record).run(on: &target)
  precondition(
    differences.allSatisfy { !"\($0)".isEmpty }, "a difference can be told")
  let violations = target.twin.subsystem.checkInvariants()
  precondition(violations.isEmpty, "a twin is sound after a replay: \(violations)")
}

private func isSmall(_ record: Record) -> Bool {
  let memory = record.machine.memoryMap.filter { $0.type == "usable" }
    .reduce(UInt64(0)) { sum, range in
      let (total, isTooMuch) = sum.addingReportingOverflow(
        range.addresses.upperBound - range.addresses.lowerBound)
      return isTooMuch ? .max : total
    }
  let actions = record.steps.reduce(0) { $0 + $1.actions.count }
  return memory <= Limits.byteCount && record.steps.count <= Limits.stepCount
    && actions <= Limits.actionCount
}
