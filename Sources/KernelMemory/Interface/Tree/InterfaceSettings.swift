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

<<<<<<< HEAD
  /// Settings as boot leaves them.
  init() {}
=======
  /// Settings as boot leaves them; `blockDefaults` are all that `memhp_default_state=` says.
  init(blockDefaults: [ArraySlice<UInt8>]) {
    let indices = blockDefaults.compactMap { Parsing.sysfsWordIndex(of: $0, in: Self.stateWords) }
    blockDefault = Atomic(indices.last ?? 0)
  }

  /// The words that `auto_online_blocks` takes and shows.
  static var stateWords: [StaticString] {
    ["offline", "online", "online_kernel", "online_movable"]
  }
>>>>>>> 5bf31e2ee577ea3acf451c8e3a98baeacf0659b3
}
