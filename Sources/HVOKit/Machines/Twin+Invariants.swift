// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension Twin {
  /// The invariants that do not hold now, for people; empty if all is well.
  var violations: [String] {
    var output = TextSink()
    let outcome = ScriptRunner(tree).run(.check, line: 0, output: &output)
    guard case .violated(let count) = outcome.result else { return [] }
    let lines = output.bytes.split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
    return lines.isEmpty ? [ByteText.count(UInt(count), "invariant")] : lines
  }
}
