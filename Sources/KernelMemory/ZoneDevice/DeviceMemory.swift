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
  /// Who else adds memory and takes it away; its lock is held meanwhile.
  let hotplug: MemoryHotplug
  let population: SectionPopulation
  let topology: MemoryTopology
  let vmemmap: Vmemmap
  let table = PagemapTable()
  /// Tokens that were given to maps.
  let tokenCount = Atomic<UInt64>(0)

  init(policy: DevicePolicy, hotplug: MemoryHotplug) {
    self.policy = policy
    self.hotplug = hotplug
    population = hotplug.population
    topology = hotplug.topology
    vmemmap = hotplug.vmemmap
  }

  /// The position of the node whose memory is nearest, if a map does not care.
  var localNode: Int { hotplug.hugeTLB.localNode }

  var format: PagingFormat { population.format }
  var machine: Machine { vmemmap.machine }
}
