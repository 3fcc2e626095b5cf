// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// A device that came and went has left nothing behind, whatever failed on the way.
@Suite struct `Devices come and go` {
  /// How a device is mapped.
  struct Shape: Sendable, CustomTestStringConvertible {
    var name: String
    var type = DeviceMemoryType.generic
    var start: UInt = 2 << 30
    var length: UInt = 256 << 20
    var page: UInt = 0
    var hasAltmap = false

    var testDescription: String { name }

    func map(_ host: DeviceHost) -> DevicePagemap {
      let frames = host.frames(start, length)
      let perPage = host.vmemmap.descriptorsPerPage
      let altmap = hasAltmap ? Altmap(of: frames, freeCount: frames.pageCount / perPage) : nil
      return host.map(type, at: start, length, page: page, altmap: altmap)
    }
  }

  private static let shapes = [
    Shape(name: "single pages"), Shape(name: "2 MiB", page: 2 << 20),
    Shape(name: "1 GiB", length: 1 << 30, page: 1 << 30), Shape(name: "altmap", hasAltmap: true),
    Shape(name: "device-private", type: .devicePrivate),
    Shape(name: "part of sections", start: (2 << 30) + (48 << 20), length: 256 << 20),
    Shape(
      name: "part of sections, 2 MiB", start: (2 << 30) + (48 << 20), length: 256 << 20,
      page: 2 << 20),
  ]

  /// Every kernel on one architecture, and two ways of folding on every other.
  private static let machines: [(NamedKernel, NamedFormat)] = NamedFormat.all.enumerated()
    .flatMap { index, format in
      NamedKernel.all.suffix(index == 0 ? 5 : 2).map { ($0, format) }
    }

  /// P-POP 7, I 7.
  @Test(arguments: machines)
  func `everything is as it was`(kernel: NamedKernel, format: NamedFormat) throws {
    let host = try DeviceHost(kernel, format)
    let section: UInt = 1 << format.format.sectionShift
    for shape in Self.shapes {
      let isWhole = shape.start % section == 0 && shape.length % section == 0
      guard isWhole || format.format.pageSize == .fourKiB || !shape.hasAltmap else { continue }
      let map = shape.map(host)
      // The first time leaves the shared tail and upper tables.
      try host.devices.map(map)
      host.devices.unmap(map)
      let before = host.digest
      try host.devices.map(map)
      #expect(host.complaints == [], "\(shape.name)")
      host.devices.unmap(map)
      #expect(host.digest.differences(from: before) == [], "\(shape.name)")
      #expect(host.devices.table.all.isEmpty)
    }
    #expect(host.complaints == [])
  }

  /// I 8.
  @Test(arguments: [NamedKernel.all[1]] + NamedKernel.all.suffix(2), shapes)
  func `each allocation that fails leaves everything as it was (A2, D10, D12, P-DEV 17)`(
    kernel: NamedKernel, shape: Shape
  ) throws {
    let host = try DeviceHost(kernel)
    let map = shape.map(host)
    try host.devices.map(map)
    host.devices.unmap(map)
    let before = host.digest
    var failures: UInt = 0
    while true {
      // Each of the first, then ever fewer of the many that are alike.
      host.failAllocations(after: failures * (1 + failures / 8))
      let isDone = (try? host.devices.map(map)) != nil
      host.host.machine.failures.stopFailing()
      if isDone { break }
      #expect(host.digest.differences(from: before) == [])
      #expect(host.devices.table.all.isEmpty)
      #expect(map.references.count == 0)
      failures += 1
    }
    #expect(host.host.complaints == [])
    host.devices.unmap(map)
    #expect(host.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `devices come and go beside each other in any order`(kernel: NamedKernel) throws {
    let host = try DeviceHost(kernel, commandLine: "hugetlb_free_vmemmap=on")
    var random = SplitMix(seed: 0xDA7A)
    let slots: [(start: UInt, length: UInt, page: UInt)] = [
      (2 << 30, 1 << 30, 1 << 30), ((3 << 30) + (2 << 20), 126 << 20, 2 << 20),
      ((3 << 30) + (128 << 20), 512 << 20, 2 << 20), (4 << 30, 256 << 20, 0),
      ((4 << 30) + (256 << 20), 6 << 20, 2 << 20), ((4 << 30) + (262 << 20), 122 << 20, 0),
    ]
    var maps: [DevicePagemap?] = Array(repeating: nil, count: slots.count)
    for step in 0..<60 {
      let index = Int(random.next() % UInt64(slots.count))
      if let map = maps[index] {
        #expect(host.devices.unmap(map) == .unmapped)
        maps[index] = nil
      } else {
        let slot = slots[index]
        let map = host.map(at: slot.start, slot.length, page: slot.page)
        try host.devices.map(map)
        maps[index] = map
      }
      guard step % 10 == 0 else { continue }
      host.subsystem.hugeTLB.pools[0].resize(to: UInt(random.next() % 64))
      #expect(host.complaints == [], "step \(step)")
    }
  }
}
