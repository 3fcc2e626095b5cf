// SPDX-License-Identifier: Apache-2.0

/// How an architecture lays out its page tables, as data.
///
/// The builder of page tables asks the format for every shift, mask and bit, so an architecture is
/// added by writing down a constant and no code. The MMU decodes entries by rules of its own.
///
/// - Source: each constant names its manual; spec 03 sums them up.
public struct PagingFormat: Sendable {
  /// The bits of an entry, besides the frame.
  public struct Bits: Sendable {
    /// Where an entry keeps the physical address, after it was shifted by ``frameShift``.
    public var frameMask: UInt64
    /// How far the physical address is shifted right to fit ``frameMask``, or left if negative.
    public var frameShift: Int
    /// An entry with none of these bits is absent.
    public var present: UInt64
    /// Above the last level, an entry whose bits under `mask` equal `value` is a leaf.
    public var leafTest: (mask: UInt64, value: UInt64)
    /// A leaf whose bits under `mask` equal `value` can be written.
    public var writableTest: (mask: UInt64, value: UInt64)
    /// An entry that points to a table.
    public var table: UInt64
    /// A kernel read-write leaf of the last level.
    public var readWrite: UInt64
    /// A kernel read-only leaf of the last level; equal to ``readWrite`` where the architecture
    /// knows no such thing.
    public var readOnly: UInt64
    /// A kernel read-write leaf of an upper level.
    public var hugeReadWrite: UInt64
    /// Whether a pointer to a table also says how large that table is (powerpc64 radix).
    public var tableCarriesIndexSize: Bool
    /// Whether entries are stored most significant byte first.
    public var isBigEndian: Bool
  }

  /// The name, as ``named(_:)`` takes it.
  public var name: StaticString
  /// How the MMU is set up to read these tables.
  public var regime: TranslationRegime
  /// The levels that exist in hardware, from the last (PTE) up.
  public var levels: Levels
  /// What entries look like.
  public var bits: Bits
  /// The bits of a virtual address that are translated.
  public var addressBits: UInt
  /// Where the descriptor of frame 0 lies (spec 03 section 4).
  public var vmemmapBase: VirtualAddress
  /// Where physical address zero appears in the kernel's address space; nothing in the core
  /// depends on it but reports and the metal build.
  public var directMapBase: VirtualAddress
  /// log2 of the bytes of a memory section (spec 01 section 5).
  public var sectionShift: UInt
  /// The bits of a physical address.
  public var physicalAddressBits: UInt
  /// Whether a live entry may be replaced by another valid one (spec 03 section 7); where not, the
  /// vmemmap cannot be optimised.
  public var allowsLiveRemap: Bool
  /// Whether the boot vmemmap is mapped with huge leaves when blocks can be had (spec 04 section
  /// 3.3).
  public var populatesHugeVmemmap: Bool
  /// The largest order of the buddy allocator (spec 02 section 1).
  public var maximumOrder: PageOrder
  /// The sizes of huge pages that the architecture can map (spec 03 section 3).
  public var hugePageOrders: HugePageOrders
}

extension PagingFormat {
  /// The base page.
  public var pageSize: PageSize { regime.pageSize }

  /// The number of levels that exist in hardware.
  @inline(__always)
  public var levelCount: Int { levels.count }

  /// The level just above the last: the size of the vmemmap's huge leaves.
  @inline(__always)
  var pmd: Level { levels[1] }

  /// The bytes that one PMD entry maps.
  @inline(__always)
  public var pmdByteCount: UInt { 1 &<< levels[1].shift }

  /// The index of the entry for `address` in its table at `level`.
  @inline(__always)
  func index(of address: VirtualAddress, at level: Int) -> UInt {
    (address.rawValue &>> levels[level].shift) & ((1 &<< levels[level].bits) &- 1)
  }
}
