// SPDX-License-Identifier: Apache-2.0

/// How the processor reads its page tables: the architecture and mode that the MMU is switched to.
///
/// This is all that a machine needs to know to decode entries by itself. The tables' builder has a
/// description of its own (``PagingFormat``), so that each side checks the other.
public enum TranslationRegime: Equatable, Sendable {
  /// x86-64 with four levels (48-bit addresses).
  case x86FourLevel
  /// x86-64 with five levels (57-bit addresses).
  case x86FiveLevel
  /// arm64, upper half (TTBR1), with the given page size and address bits.
  case arm64(PageSize, addressBits: UInt)
  /// riscv64 with 3 (Sv39), 4 (Sv48) or 5 (Sv57) levels.
  case riscv(levels: Int)
  /// powerpc64 radix tree with 4 KiB or 64 KiB pages.
  case powerRadix(PageSize)

  /// What a compare-and-exchange on most processors of the regime asks of a page when it finds
  /// another value.
  var failedExchange: FailedExchange {
    switch self {
    case .x86FourLevel, .x86FiveLevel, .arm64: .needsWritablePage
    case .riscv, .powerRadix: .onlyReads
    }
  }

  /// The base page of the regime.
  public var pageSize: PageSize {
    switch self {
    case .x86FourLevel, .x86FiveLevel, .riscv: .fourKiB
    case .arm64(let size, _), .powerRadix(let size): size
    }
  }
}
