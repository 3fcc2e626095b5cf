// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the page allocator has done since boot, as `/proc/vmstat` counts it.
///
/// - Unit: base pages, but for the number of attempts.
/// - Linux: spec 02 section 10.
final class AllocatorEvents: Sendable {
  let allocatedPages = Atomic<UInt>(0)
  let freedPages = Atomic<UInt>(0)
  let contiguousAreaSuccesses = Atomic<UInt>(0)
  let contiguousAreaFailures = Atomic<UInt>(0)

  init() {}
}
