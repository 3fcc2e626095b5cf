// SPDX-License-Identifier: Apache-2.0

// Zones that grow and shrink. Callers are serialised by the hot-plug lock; requests go on meanwhile,
// and see a zone's span and its room for free sections change as one.

extension PageAllocator {
  /// Makes `frames` memory of `zone`, of which nothing is free yet.
  ///
  /// - Linux: `move_pfn_range_to_zone()`.
  func attach(_ frames: FrameRange, to zone: Zone) {
    let lists = freeLists[zone.index]
    lists.lock.withLock {
      topology.attach(frames, to: zone)
      lists.cover(zone.span, topology.sections)
    }
  }

  /// Makes `frames`, of which nothing is free, memory of no zone.
  ///
  /// - Linux: `remove_pfn_range_from_zone()`.
  func detach(_ frames: FrameRange, from zone: Zone) {
    let lists = freeLists[zone.index]
    lists.lock.withLock {
      topology.detach(frames, from: zone)
      lists.cover(zone.span, topology.sections)
    }
  }
}
