// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All memory of devices that has descriptors.
///
/// It has descriptors so that it can be mapped, pinned and handed to devices like any memory, and
/// belongs to a zone that the page allocator knows nothing of: nothing in it is present or managed.
///
/// - Linux: `mm/memremap.c` (spec 07).
final class DeviceMemory: @unchecked Sendable {
  let policy: DevicePolicy
  let population: SectionPopulation
  let topology: MemoryTopology
  let vmemmap: Vmemmap
  let table = PagemapTable()
  /// The position of the node whose memory is nearest, if a map does not care.
  let localNode: Int
  /// Tokens that were given to maps.
  let tokenCount = Atomic<UInt64>(0)

  init(policy: DevicePolicy, optimizer: VmemmapOptimizer, localNode: Int = 0) {
    self.policy = policy
    population = SectionPopulation(optimizer: optimizer)
    topology = optimizer.allocator.topology
    vmemmap = optimizer.vmemmap
    self.localNode = localNode
  }

  var format: PagingFormat { population.format }
  var machine: Machine { vmemmap.machine }
}
