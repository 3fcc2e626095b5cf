// SPDX-License-Identifier: Apache-2.0

@testable public import KernelMemory

extension MemorySubsystem {
  /// Whatever is wrong with the subsystem, a line for each violation, so that a test that fails says
  /// what was found: `#expect(host.complaints == [])`.
  public var complaints: [String] {
    checkInvariants().map { violation in
      var sink = TextSink()
      violation.describe(to: &sink)
      return String(decoding: sink.bytes, as: UTF8.self).trimmingSuffix { $0.isNewline }
    }
  }
}

extension TestHost {
  /// Whatever is wrong with the host's memory subsystem.
  public var complaints: [String] { subsystem.complaints }
}

extension String {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
    var text = self[...]
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return String(text)
  }
}
