// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Settings that files keep and that nothing else in the subsystem reads.
final class InterfaceSettings: Sendable {
  /// The group that may use huge pages in shared memory.
  ///
  /// - Linux: `sysctl_hugetlb_shm_group`.
  let sharedMemoryGroup = Atomic<Int32>(0)
  /// The number written to `movable_gigantic_pages`; any but 0 is on.
  let movableGiganticPages = Atomic<Int32>(0)

  /// Settings as boot leaves them.
  init() {}
}
