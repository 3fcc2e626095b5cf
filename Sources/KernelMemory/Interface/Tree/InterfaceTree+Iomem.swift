// SPDX-License-Identifier: Apache-2.0

// /proc/iomem (spec 10 section 8), as a privileged reader sees it.

extension InterfaceTree {
  func appendIomem(to sink: inout TextSink) {
    var later = deviceResources + addedResources
    later.sort { ($0.range.lowerBound, $0.depth) < ($1.range.lowerBound, $1.depth) }
    var rest = later[...]
    let gone = hotplug.vacated
    for entry in subsystem.memoryMap.entries {
      for range in entry.range.without(gone) {
        append(&rest, below: range.lowerBound, inside: 0, to: &sink)
        appendResource(range, depth: 0, to: &sink) { $0.append(entry.kind.resourceName) }
        append(&rest, below: range.upperBound, inside: 1, to: &sink)
      }
    }
    append(&rest, below: PhysicalAddress(.max), inside: 0, to: &sink)
  }

  /// What somebody has claimed since boot.
  private struct Resource {
    let range: Range<PhysicalAddress>
    let name: Name
    /// How many others it lies in, apart from what boot found.
    var depth = 0

    enum Name {
      case device(DAXDeviceID)
      case memory(AddedMemory.Source)

      func write(to sink: inout TextSink) {
        switch self {
        case .device(let id): id.write(to: &sink)
        case .memory(let source): sink.append(source.resourceName)
        }
      }
    }
  }

  /// Memory that a device on the dax bus has for itself.
  private var deviceResources: [Resource] {
    let dax = subsystem.dax
    return dax.lock.withLock { dax.reservations }.map { reservation in
      let frames = reservation.frames
      return Resource(
        range: pageSize.address(of: frames.lowerBound)..<pageSize.address(of: frames.upperBound),
        name: .device(reservation.device))
    }
  }

  /// Memory that was added; that of a device lies in the device.
  private var addedResources: [Resource] {
    subsystem.addedMemory.map { memory in
      Resource(
        range: memory.range, name: .memory(memory.source), depth: memory.source == .kmem ? 1 : 0)
    }
  }

  /// Appends and removes the first of `rest`, as far as they begin below `end`.
  private func append(
    _ rest: inout ArraySlice<Resource>, below end: PhysicalAddress, inside depth: Int,
    to sink: inout TextSink
  ) {
    while let resource = rest.first, resource.range.lowerBound < end {
      appendResource(resource.range, depth: depth + resource.depth, to: &sink) {
        resource.name.write(to: &$0)
      }
      rest.removeFirst()
    }
  }

  /// Appends a line; a resource inside another is two blanks further in.
  private func appendResource(
    _ range: Range<PhysicalAddress>, depth: Int, to sink: inout TextSink,
    name: (inout TextSink) -> Void
  ) {
    sink.appendBlanks(2 * depth)
    sink.appendHex(range.lowerBound.rawValue, digits: 8)
    sink.append(byte: ASCII.minus)
    sink.appendHex(range.upperBound.rawValue &- 1, digits: 8)
    sink.append(" : ")
    name(&sink)
    sink.newline()
  }
}
