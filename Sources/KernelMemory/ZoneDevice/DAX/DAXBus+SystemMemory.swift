// SPDX-License-Identifier: Apache-2.0

// Devices that become ordinary memory, in whole memory blocks (spec 07 section 7). The caller holds
// the bus's lock.

extension DAXBus {
  /// Adds the memory of `device`.
  ///
  /// What does not fill a memory block is left out. Once one part is memory, others may fail.
  ///
  /// - Throws: ``DAXError/invalid`` if it has no node or no whole block, ``DAXError/busy`` if
  ///   somebody has the first part, or why that could not be added; nothing has changed.
  /// - Linux: `dev_dax_kmem_probe()`.
  func addSystemMemory(of device: DAXDevice) throws(DAXError) {
    guard let node = device.targetNode else { throw .invalid }
    let parts = wholeBlocks(of: device)
    guard !parts.isEmpty else { throw .invalid }
    let group = try makeGroup(on: node, of: parts)
    device.systemMemoryGroup = group
    for frames in parts {
      do throws(DAXError) {
        try add(frames, of: device, to: node, group)
      } catch {
        guard device.systemMemory.isEmpty else { continue }
        forgetGroup(of: device)
        throw error
      }
    }
  }

  /// Takes the memory of `device` away again, as far as its blocks are offline.
  ///
  /// What is in use as memory stays so, without the device, and its place stays taken.
  ///
  /// - Linux: `dev_dax_kmem_remove()`.
  func removeSystemMemory(of device: DAXDevice) {
    for frames in device.systemMemory
    where (try? hotplug.remove(addresses(of: frames))) != nil {
      reservations.removeAll { $0.isSystemMemory && $0.frames == frames }
    }
    device.systemMemory = []
    forgetGroup(of: device)
  }

  /// The whole memory blocks in each part of `device`.
  private func wholeBlocks(of device: DAXDevice) -> [FrameRange] {
    device.ranges.map { part in
      let start = part.frames.lowerBound.aligned(upTo: hotplug.blockOrder)
      return start..<max(start, part.frames.upperBound.aligned(downTo: hotplug.blockOrder))
    }.filter { !$0.isEmpty }
  }

  private func makeGroup(
    on node: NodeID, of parts: [FrameRange]
  ) throws(DAXError) -> MemoryGroupID {
    do throws(HotplugError) {
      return try hotplug.makeGroup(on: node, pageCount: parts.reduce(0) { $0 &+ $1.pageCount })
    } catch {
      throw DAXError(error)
    }
  }

  /// A group lives on while it has blocks.
  private func forgetGroup(of device: DAXDevice) {
    if let group = device.systemMemoryGroup { try? hotplug.removeGroup(group) }
    device.systemMemoryGroup = nil
  }

  private func add(
    _ frames: FrameRange, of device: DAXDevice, to node: NodeID, _ group: MemoryGroupID
  ) throws(DAXError) {
    guard !reservations.contains(where: { $0.frames.overlaps(frames) }) else { throw .busy }
    do throws(HotplugError) {
      try hotplug.add(
        addresses(of: frames), to: node, device.describesItself ? .memmapOnMemory : [],
        source: .kmem, group: group)
    } catch {
      throw DAXError(error)
    }
    device.systemMemory.append(frames)
    reservations.append(Reservation(frames: frames, device: device.id, isSystemMemory: true))
  }

  private func addresses(of frames: FrameRange) -> Range<PhysicalAddress> {
    pageSize.address(of: frames.lowerBound)..<pageSize.address(of: frames.upperBound)
  }
}
