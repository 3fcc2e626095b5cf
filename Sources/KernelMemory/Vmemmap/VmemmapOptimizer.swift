// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Folds the descriptors of huge pages onto few frames, and unfolds them again.
///
/// ```
/// a 2 MiB folio's vmemmap     as populated          folded (one private page, shared tails)
///   page 0  head + 63 tails   ──▶ frame A           ──▶ frame N   copy of A, writable
///   page 1  64 tails          ──▶ frame B           ─┐
///    …                              …                ├▶ shared tail of (zone, order), read-only
///   page 7  64 tails          ──▶ frame H           ─┘
///                                                   A…H go back to the page allocator
/// ```
///
/// Everything that can fail happens before the first entry changes: frames are in hand and huge
/// leaves are split. So remapping cannot fail halfway, and a failure leaves the folio as it was;
/// at most a leaf has become a table with the same translations.
///
/// The caller owns the folio: it is frozen and on no pool's list, so nobody writes its descriptors.
///
/// - Linux: `mm/hugetlb_vmemmap.c` (spec 05).
final class VmemmapOptimizer: Sendable {
  let design: VmemmapDesign
  let tables: KernelPageTables
  let vmemmap: Vmemmap
  let allocator: PageAllocator
  let topology: MemoryTopology
  let machine: Machine
  let accounting: VmemmapAccounting
  let tails: SharedTailPages
  /// Whether this kernel folds on this architecture.
  let isSupported: Bool
  /// Whether folios are folded from now on; folded ones stay so until they are freed.
  let isEnabled: Atomic<Bool>
  /// The position of the node that the CPUs belong to.
  let localNode: Int

  init(
    design: VmemmapDesign, tables: KernelPageTables, allocator: PageAllocator,
    accounting: VmemmapAccounting, isEnabled: Bool, localNode: Int = 0
  ) {
    self.design = design
    self.tables = tables
    self.vmemmap = allocator.vmemmap
    self.allocator = allocator
    topology = allocator.topology
    machine = allocator.machine
    self.accounting = accounting
    isSupported = design.supports(tables.format)
    self.isEnabled = Atomic(isEnabled)
    self.localNode = localNode
    tails = SharedTailPages(allocator: allocator, vmemmap: allocator.vmemmap)
  }

  /// The frames that folding one folio of `order` gives back; 0 if it cannot be folded.
  @inline(__always)
  func savedPageCount(for order: PageOrder) -> UInt {
    guard isSupported else { return 0 }
    return design.savedPageCount(ofDescribing: vmemmap.pageCount(describing: order))
  }

  /// The addresses of the descriptors of `folio`.
  @inline(__always)
  func addresses(of folio: Folio) -> Range<VirtualAddress> {
    vmemmap.addresses(describing: folio.frames)
  }

  /// The mark in the head's private word that says "folded" (spec 06 section 1, bit 4).
  static var optimizedMark: UInt64 { 1 << 4 }

  /// Whether the descriptors of `folio` are folded.
  ///
  /// - Linux: `folio_test_hugetlb_vmemmap_optimized()`.
  @inline(__always)
  func isOptimized(_ folio: Folio) -> Bool {
    vmemmap.with(folio.head, for: .load) { $0.privateWord & Self.optimizedMark != 0 }
  }

  /// Notes in the head of `folio` whether its descriptors are folded.
  @inline(__always)
  func setOptimized(_ isOptimized: Bool, _ folio: Folio) {
    vmemmap.with(folio.head) { words in
      if isOptimized {
        words.privateWord |= Self.optimizedMark
      } else {
        words.privateWord &= ~Self.optimizedMark
      }
    }
  }

  /// Whether `folio` should be folded at all.
  ///
  /// - Source: spec 05 section 4.
  @inline(__always)
  func shouldOptimize(_ folio: Folio, in batch: inout FoldingBatch) -> Bool {
    guard isEnabled.load(ordering: .relaxed), savedPageCount(for: folio.order) > 0,
      !isOptimized(folio)
    else { return false }
    return design.selfHostedCheck == .duringWalk || !isSelfHosted(folio, &batch.cursor)
  }

  /// Whether the descriptors of `folio` lie on memory that was added together with them.
  ///
  /// The first vmemmap page answers for all.
  func isSelfHosted(_ folio: Folio) -> Bool {
    var cursor = TableCursor()
    return isSelfHosted(folio, &cursor)
  }

  /// Whether the descriptors of `folio` lie on memory that was added together with them.
  @inline(__always)
  func isSelfHosted(_ folio: Folio, _ cursor: inout TableCursor) -> Bool {
    let address = vmemmap.address(of: folio.head)
    guard let backing = cursor.frame(mappedAt: address, in: tables) else { return false }
    return vmemmap.has(vmemmap.format.selfHosted, at: backing)
  }
}

/// Why a folio was not folded.
enum VmemmapOptimizeError: Error, Equatable {
  /// No frame was left for a page table, the head's copy or the shared tail.
  case outOfFrames
  /// The descriptors lie on the memory they describe.
  case selfHosted
}

/// Why a folio was not unfolded: too few frames for its descriptors. Nothing changed.
struct VmemmapRestoreError: Error, Equatable {}
