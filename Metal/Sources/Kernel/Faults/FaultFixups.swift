// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// Instructions that may fault, and where the code goes on if they do.
///
/// memory.S lists them. What the last fault on a CPU was is kept for whoever tried.
enum FaultFixups {
  /// A fault that code went on behind.
  struct Caught {
    var vector: UInt
    var error: UInt
    var address: UInt
  }

  private static var lineByteCount: UInt { 16 }

  /// The last fault; only the code that just tried something looks at it, on one CPU at a time.
  nonisolated(unsafe) static var last: Caught?

  /// Lets the code go on if its instruction is listed.
  static func resume(_ frame: InterruptFrame, address: UInt?) -> Bool {
    var line = metal_place_fixups_start()
    while line < metal_place_fixups_end() {
      if RawMemory.load(UInt.self, at: line) == frame.instruction {
        unsafe last = Caught(
          vector: frame.vector, error: frame.error, address: address ?? 0)
        frame.resume(at: RawMemory.load(at: line + 8))
        return true
      }
      line += lineByteCount
    }
    return false
  }
}
