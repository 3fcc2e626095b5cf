// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Settings that files keep and that nothing else in the subsystem reads.
final class InterfaceSettings: Sendable {
  /// The group that may use huge pages in shared memory.
  ///
  /// - Linux: `sysctl_hugetlb_shm_group`.
  let sharedMemoryGroup = Atomic<Int32>(0)
  /// What becomes of memory that is added, as an index into ``stateWords``.
  let blockDefault = Atomic<Int>(0)

  init() {}

  /// The words that `auto_online_blocks` takes and shows.
  static var stateWords: [StaticString] { ["offline", "online", "online_kernel", "online_movable"] }
}
