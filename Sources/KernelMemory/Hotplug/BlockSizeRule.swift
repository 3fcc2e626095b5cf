// SPDX-License-Identifier: Apache-2.0

/// What decides how large the blocks are in which memory comes and goes.
///
/// - Source: spec 08 section 2.
public struct BlockSizeRule: Equatable, Sendable {
  /// Whether a hypervisor runs the machine.
  public var hasHypervisor: Bool
  /// The size that early boot code found to suit windows for memory to come; nil for none.
  ///
  /// - Unit: bytes.
  public var advice: UInt?
  /// The size that platform code insists on; nil for none.
  ///
  /// - Unit: bytes.
  public var forced: UInt?

  /// A rule; bare metal without any wish if nothing is said.
  public init(hasHypervisor: Bool = false, advice: UInt? = nil, forced: UInt? = nil) {
    self.hasHypervisor = hasHypervisor
    self.advice = advice
    self.forced = forced
  }

  /// The largest block that platform code may insist on.
  private static var largestForced: UInt { 64 << 30 }
  /// From this end of memory on, an x86 machine has large blocks.
  private static var largeMemory: UInt { 64 << 30 }
  private static var largest: UInt { 2 << 30 }

  /// The bytes of a block on a machine whose sections have `section` bytes and whose boot memory ends
  /// at `end`.
  ///
  /// - Parameter growsWithMemory: whether the architecture makes blocks larger on large machines.
  /// - Linux: `memory_block_size_bytes()`, on x86 `probe_memory_block_size()`.
  func byteCount(section: UInt, end: UInt, growsWithMemory: Bool, takesAdvice: Bool) -> UInt {
    if let forced, forced.nonzeroBitCount == 1, (section...Self.largestForced).contains(forced) {
      return forced
    }
    guard growsWithMemory, end >= Self.largeMemory else { return section }
    var size = Self.largest
    if takesAdvice, let advice, advice > 0 {
      let power = UInt(1) << UInt(UInt.bitWidth - 1 - advice.leadingZeroBitCount)
      size = min(max(power, section), Self.largest)
    } else if !hasHypervisor {
      return size
    }
    while size > section, end % size != 0 { size /= 2 }
    return size
  }
}
