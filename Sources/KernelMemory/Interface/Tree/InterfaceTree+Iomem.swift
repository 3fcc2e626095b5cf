// SPDX-License-Identifier: Apache-2.0

// /proc/iomem (spec 10 section 8), as a privileged reader sees it.

extension InterfaceTree {
  func appendIomem(to sink: inout TextSink) {
    for entry in subsystem.memoryMap.entries {
      sink.appendHex(entry.range.lowerBound.rawValue, digits: 8)
      sink.append(byte: ASCII.minus)
      sink.appendHex(entry.range.upperBound.rawValue &- 1, digits: 8)
      sink.append(" : ")
      sink.append(entry.kind.resourceName)
      sink.newline()
    }
  }
}
