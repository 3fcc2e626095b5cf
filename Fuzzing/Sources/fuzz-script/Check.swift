// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Reads `text` as a script; an error must name a line that there is.
func check(_ text: [UInt8]) {
  let lineCount = text.split(separator: 0x0A, omittingEmptySubsequences: false).count
  do throws(ScriptError) {
    let script = try Script(text[...])
    precondition(script.lines.allSatisfy { (1...lineCount).contains($0.number) }, "a line of ours")
  } catch {
    precondition((1...lineCount).contains(error.line), "line \(error.line) of \(lineCount)")
  }
}
