// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many frames the vmemmap is made of, by where they came from.
///
/// A frame of the boot allocator that is given back becomes ordinary memory; what replaces it later
/// counts as run-time. So only the sum says how large the vmemmap is. Shared tails and page tables
/// are in neither count (spec 04 section 9).
final class VmemmapAccounting: Sendable {
  /// Frames from the page allocator.
  ///
  /// - Linux: `nr_memmap_pages`.
  let runtimePages = Atomic<Int>(0)
  /// Frames from the boot allocator.
  ///
  /// - Linux: `nr_memmap_boot_pages`.
  let bootPages = Atomic<Int>(0)
  /// Tables of the kernel's address space that were made at run time.
  let tablePages = Atomic<Int>(0)

  init() {}
}
