// SPDX-License-Identifier: Apache-2.0

// /proc/vmallocinfo (spec 09 section 8), as a reader sees it to whom addresses are shown.

extension InterfaceTree {
  func appendVmallocinfo(to sink: inout TextSink) {
    for listed in subsystem.vmalloc.listedAreas() {
      appendAddresses(of: listed.area, to: &sink)
      if listed.state == .unpurged {
        sink.append(" unpurged vm_area")
      } else {
        appendKind(of: listed, to: &sink)
      }
      sink.newline()
    }
  }

  private func appendAddresses(of area: VmallocArea, to sink: inout TextSink) {
    sink.append("0x")
    sink.appendHex(area.addresses.lowerBound.rawValue, digits: 16)
    sink.append("-0x")
    sink.appendHex(area.addresses.upperBound.rawValue, digits: 16)
    sink.append(byte: ASCII.space)
    sink.appendDecimal(area.addresses.byteCount, width: 7)
  }

  private func appendKind(of listed: ListedArea, to sink: inout TextSink) {
    let area = listed.area
    if !area.caller.isEmpty {
      sink.append(byte: ASCII.space)
      sink.append(area.caller)
    }
    if !listed.pages.isEmpty {
      sink.append(" pages=")
      sink.appendDecimal(UInt(listed.pages.count))
    }
    if let address = area.physicalAddress {
      sink.append(" phys=0x")
      sink.appendHex(address.rawValue, digits: 16)
    }
    if area.flags.contains(.device) { sink.append(" ioremap") }
    if area.flags.contains(.sparse), subsystem.kernel.vmalloc.marksSparseAreas {
      sink.append(" sparse")
    }
    if area.flags.contains(.ownsPages) { sink.append(" vmalloc") }
    if area.flags.contains(.mapsPages) { sink.append(" vmap") }
    if listed.hasPageArray { sink.append(" vpages") }
    appendNodes(of: listed.pages, to: &sink)
  }

  private func appendNodes(of pages: [PageFrameNumber], to sink: inout TextSink) {
    let counts = subsystem.vmalloc.nodePageCounts(of: pages)
    for (position, count) in counts.enumerated() where count > 0 {
      sink.append(" N")
      sink.appendDecimal(UInt(topology.nodes[position].id.rawValue))
      sink.append(byte: ASCII.equalsSign)
      sink.appendDecimal(count)
    }
  }
}
