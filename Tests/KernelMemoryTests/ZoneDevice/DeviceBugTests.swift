// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@_spi(Lab) @testable import KernelMemory
import KernelMemoryLab

/// What went wrong in kernels with memory of devices, and has no better place.
///
/// Two of the list cannot happen here: nothing checks page tables by extended descriptors (D4), and
/// no file in memory is pinned before it is touched (A7).
@Suite struct `Bugs of device memory` {
  private let base: UInt = 2 << 30
  private let megabyte: UInt = 1 << 20

  // MARK: Life of a device

  @Test func `a device is set up again and again in pages of other sizes (D5)`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    try host.dax.resize(device, to: 1 << 30)
    for alignment: UInt in [4096, 2 << 20, 1 << 30, 2 << 20, 4096, 1 << 30] {
      try host.dax.setAlignment(of: device, to: alignment)
      try host.dax.bind(device, to: .device)
      let start: UInt = 64 << 30
      let mapping = try DAXMapping(device, on: host.dax, start..<(start + alignment))
      let head = device.ranges[0].frames.lowerBound
      #expect(mapping.fault(at: start, size: alignment) == .mapped(head))
      let last = PageFrameNumber(head.rawValue + alignment >> 12 - 1)
      for pfn in [head, last] { try host.devices.use(pfn) }
      mapping.unmap()
      #expect(throws: DAXError.busy) { try host.dax.unbind(device) }
      for pfn in [head, last] { #expect(host.devices.release(pfn)) }
      try host.dax.unbind(device)
    }
    #expect(host.complaints == [])
  }

  @Test func `descriptors that nobody wrote are not looked at (D13)`() throws {
    let host = try DeviceHost()
    let frames = host.frames(base, 256 << 20)
    let map = DevicePagemap(
      .generic, [frames], altmap: Altmap(of: frames, reservedCount: 512, freeCount: 1024 + 512))
    try host.devices.map(map)
    for pfn in FrameRange(start: frames.lowerBound, pageCount: 512) {
      host.vmemmap.with(pfn) { words in
        (words.flags, words.link, words.mapping) = (.max, .max, .max)
        words.counts = DescriptorCounts(rawValue: .max)
      }
    }
    #expect(host.complaints == [])
    #expect(host.devices.unmap(map) == .unmapped)
    #expect(map.altmap?.usedCount == 0)
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedFormat.all, [DescriptorPlacement.ordinaryMemory, .device])
  func `persistent memory has room for descriptors of any kernel's size (D15)`(
    format: NamedFormat, placement: DescriptorPlacement
  ) throws {
    let size = format.format.pageSize
    let granule = max(2 << 20, (UInt(1) << format.format.sectionShift) / 64)
    for length: UInt in [64, 130, 1024, 4096] {
      let namespace = PersistentNamespace(
        number: 0,
        range: PhysicalAddress(base)..<PhysicalAddress(base + length * megabyte), origin: .module,
        node: NodeID(0))
      let image = try namespace.image(
        alignment: size.byteCount, placement, granule: granule, pageSize: size)
      let room = image.altmap.map { $0.freeCount << size.shift } ?? 0
      let needed = placement == .device ? image.data.pageCount * DescriptorWords.byteCount : 0
      #expect(room >= needed)
      #expect(image.altmap.map { $0.fits(image.frames) } ?? true)
      #expect(image.data.upperBound == image.frames.upperBound && !image.data.isEmpty)
    }
  }

  @Test(arguments: [PagingFormat.powerRadixWith4KPages, .powerRadixWith64KPages].indices)
  func `on powerpc an altmap serves its own device only (D16)`(index: Int) throws {
    let format = [PagingFormat.powerRadixWith4KPages, .powerRadixWith64KPages][index]
    let host = try DeviceHost(.linux7_2, format: format)
    // Sections of 16 MiB, of which a vmemmap page or a block describes several.
    for (start, length): (UInt, UInt) in [(0, 64), (16, 16), (16, 64), (48, 208), (64, 256)] {
      let frames = host.frames(base + start * megabyte, length * megabyte)
      let map = host.map(
        at: base + start * megabyte, length * megabyte,
        altmap: Altmap(of: frames, freeCount: host.pageCount(length * megabyte / 8)))
      try host.devices.map(map)
      #expect(host.complaints == [], "\(start)+\(length)")
      #expect(host.devices.unmap(map) == .unmapped)
      #expect(map.altmap?.usedCount == 0)
    }
    #expect(host.complaints == [])
  }

  // MARK: Counters

  @Test func `a vmemmap page that sections share counts once (A1)`() throws {
    let host = try DeviceHost(.linux7_2, format: .powerRadixWith64KPages)
    // 16 MiB need a quarter of a page.
    let maps = (0..<6).map { host.map(at: base + UInt($0) << 24, 16 << 20) }
    var counts: [Int] = []
    for map in maps {
      try host.devices.map(map)
      counts.append(host.counted)
    }
    #expect(counts == [1, 1, 1, 1, 2, 2])
    #expect(host.complaints == [])
    counts = maps.map { map in
      host.devices.unmap(map)
      return host.counted
    }
    #expect(counts == [2, 2, 2, 1, 1, 0])
    #expect(host.complaints == [])
  }

  /// The vmemmap pages that a kernel counts for `length` bytes from `start` on, in pages of `page`.
  private func counted(_ start: UInt, _ length: UInt, _ page: UInt, isUnified: Bool) -> Int {
    let section: UInt = 128 << 20
    let kept: UInt = isUnified ? 1 : 2
    var sum: UInt = 0
    var place = start
    while place < start + length {
      let end = min((place / section + 1) * section, start + length)
      let isWhole = end - place == section
      if page <= 256 << 10 || (isUnified && !isWhole) {
        sum += (end - place) / 64 / 4096
      } else if page < section {
        sum += (end - place) / page * kept
      } else {
        sum += (place - start) % page == 0 ? kept : 0
      }
      place = end
    }
    return Int(sum)
  }

  @Test(arguments: [UInt(0), 2, 32, 128, 256])
  func `every place, length and page size counts what it costs (A3, A4)`(page: UInt) throws {
    for (kernel, isUnified) in [(KernelDesign.linux7_2, false), (.unified, true)] {
      let host = try DeviceHost(kernel)
      let step = max(page, 32)
      for start in stride(from: UInt(0), to: 256, by: Int(step)) {
        for length in stride(from: step, through: 512, by: Int(step)) {
          let first = base + start * megabyte
          let map = host.map(at: first, length * megabyte, page: page * megabyte)
          try host.devices.map(map)
          let wanted = counted(
            first, length * megabyte, page * megabyte, isUnified: isUnified)
          #expect(host.counted == wanted, "\(kernel.name): \(start)+\(length)")
          host.devices.unmap(map)
          #expect(host.counted == 0)
        }
      }
      #expect(host.complaints == [])
    }
  }

  @Test func `a shared tail is no device's and counts for none (A5, A6)`() throws {
    let host = try DeviceHost(.unified)
    let free = host.subsystem.totals.freePageCount
    let maps = (0..<3).map { host.map(at: base + UInt($0) << 27, 128 << 20, page: 2 << 20) }
    for (index, map) in maps.enumerated() {
      try host.devices.map(map)
      #expect(host.counted == 64 * (index + 1))
      #expect(host.subsystem.sharedTailFrames.count == 1)
    }
    #expect(host.complaints == [])
    for map in maps { host.devices.unmap(map) }
    #expect(host.counted == 0)
    let lost = free - host.subsystem.totals.freePageCount
    #expect(lost <= 1 + 3, "a tail, and tables of upper levels, are kept")
    #expect(host.complaints == [])
  }

  // MARK: Sections

  @Test(arguments: NamedKernel.all)
  func `a section is as it was, also after failures (S2)`(kernel: NamedKernel) throws {
    let host = try DeviceHost(kernel)
    let sections = host.subsystem.topology.sections
    let numbers = (14..<22).map { SectionNumber(UInt($0)) }
    let before = numbers.map { sections[$0] }
    let parts = [(48, 32), (80, 48), (128, 256), (400, 16)].map { start, length in
      host.map(at: base + UInt(start) * megabyte, UInt(length) * megabyte, page: 2 << 20)
    }
    for map in parts { try host.devices.map(map) }
    for map in parts.reversed() { host.devices.unmap(map) }
    #expect(numbers.map { sections[$0] } == before)
    for failure: UInt in 0..<12 {
      host.failAllocations(after: failure)
      for map in parts { try? host.devices.map(map) }
      host.host.machine.failures.stopFailing()
      for map in parts { host.devices.unmap(map) }
      #expect(numbers.map { sections[$0] } == before, "failure \(failure)")
    }
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedFormat.all)
  func `a frame's descriptor leads back to the frame, wherever it is (S7)`(
    format: NamedFormat
  ) throws {
    let host = try DeviceHost(format.format)
    let bits = format.format.physicalAddressBits - format.format.pageSize.shift
    var random = SplitMix(seed: 7)
    var last = UInt.max
    for _ in 0..<2000 {
      let pfn = PageFrameNumber(UInt(random.next() & ((1 << UInt64(min(bits, 46))) - 1)))
      let address = host.vmemmap.address(of: pfn)
      #expect(host.vmemmap.frame(at: UInt64(address.rawValue)) == pfn)
      last = min(last, address.rawValue)
    }
    #expect(last >= host.vmemmap.base.rawValue)
    let map = host.map(.devicePrivate, at: base, 512 << 20)
    try host.devices.map(map)
    for pfn in [map.ranges[0].lowerBound, map.ranges[0].upperBound.advanced(by: -1)] {
      #expect(host.vmemmap.references(to: pfn) == 0 && !host.vmemmap.isBlank(pfn))
    }
  }
}
