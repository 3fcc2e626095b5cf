// SPDX-License-Identifier: Apache-2.0

// /proc/iomem (spec 10 section 8), as a privileged reader sees it.

extension InterfaceTree {
  func appendIomem(to sink: inout TextSink) {
    var children = deviceResources
    for entry in subsystem.memoryMap.entries {
      append(entry.range, depth: 0, to: &sink)
      sink.append(entry.kind.resourceName)
      sink.newline()
      children.removeAll { child in
        guard entry.range.contains(child.range.lowerBound) else { return false }
        append(child, to: &sink)
        return true
      }
    }
  }

  /// Memory that a device on the dax bus has for itself.
  private struct DeviceResource {
    let range: Range<PhysicalAddress>
    let device: DAXDeviceID
    let isSystemMemory: Bool
  }

  private var deviceResources: [DeviceResource] {
    let dax = subsystem.dax
    let reservations = dax.lock.withLock { dax.reservations }
    return reservations.map {
      DeviceResource(
        range: pageSize.address(
          of: $0.frames.lowerBound)..<pageSize.address(
            of: $0.frames.upperBound), device: $0.device, isSystemMemory: $0.isSystemMemory)
    }.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  private func append(_ resource: DeviceResource, to sink: inout TextSink) {
    append(resource.range, depth: 1, to: &sink)
    resource.device.write(to: &sink)
    sink.newline()
    guard resource.isSystemMemory else { return }
    append(resource.range, depth: 2, to: &sink)
    sink.append("System RAM (kmem)\n")
  }

  private func append(_ range: Range<PhysicalAddress>, depth: Int, to sink: inout TextSink) {
    sink.appendBlanks(2 * depth)
    sink.appendHex(range.lowerBound.rawValue, digits: 8)
    sink.append(byte: ASCII.minus)
    sink.appendHex(range.upperBound.rawValue &- 1, digits: 8)
    sink.append(" : ")
  }
}
