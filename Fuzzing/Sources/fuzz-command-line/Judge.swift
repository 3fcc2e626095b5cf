// SPDX-License-Identifier: Apache-2.0

import CommandLineModel

/// Stops at a line that the parser and the model read differently.
func judge(_ line: [UInt8]) {
  let disagreements = CommandLineJudge.disagreements(about: line)
  precondition(disagreements.isEmpty, "\n" + disagreements.joined(separator: "\n"))
}
