// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

/// Watches that entries in use are changed as an architecture wants it.
///
/// Where a processor may hold several translations of one address at once, an entry that leads
/// somewhere does not lead elsewhere, nor become a larger or smaller leaf, with one store: it becomes
/// invalid, TLBs are flushed, and only then it gets its new value ("break before make"). What may be
/// done with it changes at once.
///
/// - Source: Arm Architecture Reference Manual, D8.16 "TLB maintenance"; Power ISA, book III.
struct EntryOrder {
  private let regime: TranslationRegime
  /// Entries that became invalid since the last flush, by place, and what they were.
  private var broken: [UInt: UInt64] = [:]

  /// The watch over machines of `regime`; nil if it lets entries change as they like.
  init?(_ regime: TranslationRegime) {
    switch regime {
    case .arm64, .powerRadix: self.regime = regime
    case .x86FourLevel, .x86FiveLevel, .riscv: return nil
    }
  }

  /// What is wrong with a change of the entry at `place`; nil if nothing is.
  mutating func complaint(of place: UInt, from old: UInt64, to new: UInt64) -> String? {
    if isValid(old), !isValid(new) {
      broken[place] = old
      return nil
    }
    guard isValid(new) else { return nil }
    if isValid(old), differs(old, new) {
      return "a live entry was changed from \(hex(old)) to \(hex(new)) without being broken first"
    }
    if let before = broken[place], differs(before, new) {
      return "an entry became \(hex(new)) after \(hex(before)), with no flush between"
    }
    return nil
  }

  /// Notes that TLBs were flushed.
  mutating func noteFlush() { broken.removeAll(keepingCapacity: true) }

  private func isValid(_ entry: UInt64) -> Bool {
    if case .arm64 = regime { return entry & 1 != 0 }
    return entry >> 63 != 0
  }

  /// Whether both lead to different places or are of different kinds.
  private func differs(_ a: UInt64, _ b: UInt64) -> Bool {
    // Output address and, on arm64, block or table; on Power, leaf or directory.
    let address: UInt64 = 0x0000_FFFF_FFFF_F000
    if case .arm64 = regime { return (a ^ b) & (address | 2) != 0 }
    return (a ^ b) & (address | 1 << 62) != 0
  }

  private func hex(_ entry: UInt64) -> String { "0x" + String(entry, radix: 16) }
}
