// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Finding the map of a frame. What is found without a reference may go at any moment.

extension DeviceMemory {
  /// The map that has `pfn`, with a reference to it that the caller drops with ``put(_:)``; nil if
  /// there is none, or it is on its way in or out.
  ///
  /// A kernel also finds a map whose descriptors are still being made, and leaves it to the caller to
  /// look whether they are there.
  ///
  /// - Linux: `get_dev_pagemap()`.
  func reference(to pfn: PageFrameNumber) -> DevicePagemap? {
    machine.withReaderSection {
      guard let map = table.map(at: pfn), map.references.take() else { return nil }
      if map.state.load(ordering: .acquiring) == .mapped { return map }
      put(map)
      return nil
    }
  }

  /// Drops a reference that ``reference(to:)`` gave.
  func put(_ map: DevicePagemap) { map.references.drop() }

  /// Tells the driver of bad memory in `frames`.
  ///
  /// - Returns: false if they are no data of a device, or its driver cannot handle it.
  /// - Linux: `memory_failure_dev_pagemap()`.
  func reportFailure(of frames: FrameRange) -> Bool {
    guard let map = reference(to: frames.lowerBound) else { return false }
    defer { put(map) }
    guard map.hasData(at: frames.lowerBound) else { return false }
    return map.callbacks.memoryFailure?(frames) ?? false
  }
}
