// SPDX-License-Identifier: Apache-2.0

// /proc/iomem (spec 10 section 8), as a privileged reader sees it.

extension InterfaceTree {
  func appendIomem(to sink: inout TextSink) {
    var added = subsystem.addedMemory
    added.sort { $0.range.lowerBound < $1.range.lowerBound }
    let gone = hotplug.vacated
    for entry in subsystem.memoryMap.entries {
      for range in entry.range.without(gone) {
        appendAdded(&added, below: range.lowerBound, depth: 0, to: &sink)
        appendResource(range, entry.kind.resourceName, depth: 0, to: &sink)
        appendAdded(&added, below: range.upperBound, depth: 1, to: &sink)
      }
    }
    appendAdded(&added, below: PhysicalAddress(.max), depth: 0, to: &sink)
  }

  /// Appends and removes the first of `added`, as far as they begin below `end`.
  private func appendAdded(
    _ added: inout [AddedMemory], below end: PhysicalAddress, depth: Int, to sink: inout TextSink
  ) {
    while let memory = added.first, memory.range.lowerBound < end {
      appendResource(memory.range, memory.source.resourceName, depth: depth, to: &sink)
      added.removeFirst()
    }
  }

  /// Appends a line; a resource inside another is two blanks further in.
  private func appendResource(
    _ range: Range<PhysicalAddress>, _ name: StaticString, depth: Int, to sink: inout TextSink
  ) {
    sink.appendBlanks(2 * depth)
    sink.appendHex(range.lowerBound.rawValue, digits: 8)
    sink.append(byte: ASCII.minus)
    sink.appendHex(range.upperBound.rawValue &- 1, digits: 8)
    sink.append(" : ")
    sink.append(name)
    sink.newline()
  }
}
