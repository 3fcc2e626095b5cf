// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension Twin {
  /// The invariants that do not hold now, a line for people each; empty if all is well.
  var violations: [String] {
    subsystem.checkInvariants().map { violation in
      var line = TextSink()
      violation.write(to: &line)
      return String(decoding: line.bytes, as: UTF8.self).trimmingSuffix(while: \.isNewline)
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> String {
    var copy = self
    while let last = copy.last, isDropped(last) { copy.removeLast() }
    return copy
  }
}
