// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What came of taking a device's map away.
enum UnmapOutcome: Equatable {
  /// The memory has no descriptors any more.
  case unmapped
  /// Somebody still has a reference; nobody gets a new one. Asked again, it goes on.
  case draining
  /// It was not mapped, or somebody else is taking it away.
  case notMapped
}

/// Whether somebody can wait for others to drop their references.
enum PagemapWait {
  /// Other threads drive the machine, and will.
  case untilDrained
  /// The caller is all there is.
  case never
}

extension DeviceMemory {
  /// Takes the descriptors of `map`'s memory away, once nobody relies on them.
  ///
  /// - Linux: `memunmap_pages()` (spec 07 section 4).
  @discardableResult
  func unmap(_ map: DevicePagemap, _ waiting: PagemapWait = .never) -> UnmapOutcome {
    if change(map, from: .mapped, to: .draining) { kill(map) }
    guard map.state.load(ordering: .acquiring) == .draining else { return .notMapped }
    if waiting == .untilDrained { wait(for: map) }
    guard map.references.count == 0 else { return .draining }
    guard change(map, from: .draining, to: .unmapping) else { return .notMapped }
    removeRanges(of: map)
    map.state.store(.unmapped, ordering: .releasing)
    return .unmapped
  }

  private func change(
    _ map: DevicePagemap, from old: DevicePagemap.State, to new: DevicePagemap.State
  ) -> Bool {
    map.state.compareExchange(
      expected: old, desired: new, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Lets nobody have the map any more, and drops the references that its pages are worth.
  func kill(_ map: DevicePagemap) {
    guard map.references.kill(), !map.type.isHandedOut else { return }
    for index in 0..<map.mappedRangeCount {
      map.references.drop(map.folioCount(ofRange: index))
    }
  }

  /// Waits until nobody has a reference.
  func wait(for map: DevicePagemap) {
    while map.references.count > 0 { Machine.relaxWhileSpinning() }
  }

  /// Takes the descriptors of the ranges away that have some.
  func removeRanges(of map: DevicePagemap) {
    for index in 0..<map.mappedRangeCount { remove(index, of: map) }
    map.mappedRangeCount = 0
    map.zone = nil
  }

  private func remove(_ index: Int, of map: DevicePagemap) {
    let frames = map.ranges[index]
    if let zone = map.zone {
      hotplug.lock.withLock {
        blankEarlyDescriptors(of: frames)
        topology.detach(frames, from: zone)
        population.remove(map.described(frames, near: zone.node, zone), &map.altmap)
      }
    }
    forget(frames)
  }
}
