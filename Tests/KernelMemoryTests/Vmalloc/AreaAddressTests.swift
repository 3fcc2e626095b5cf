// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Where areas lie and how large they are; spec 09 sections 1 and 2, predicates 1, 2 and 4.
@Suite struct `Addresses of vmalloc areas` {
  @Test(arguments: NamedFormat.all)
  func `areas have addresses of their own in the kernel's half`(_ named: NamedFormat) {
    let format = named.format
    let range = format.vmallocRange
    let decoder = EntryDecoder(format.regime)
    #expect(decoder.space(of: range.lowerBound) == .kernel)
    #expect(decoder.space(of: VirtualAddress(range.upperBound.rawValue - 1)) == .kernel)
    #expect(range.byteCount >= 32 << 30)
    #expect(range.lowerBound.isAligned(toBytes: format.pmdByteCount))
    let vmemmap = format.vmemmapBase..<format.vmemmapEnd
    #expect(!range.overlaps(vmemmap))
    let directMap =
      format.directMapBase..<format.directMapBase.advanced(byBytes: 1 << format.physicalAddressBits)
    #expect(!range.overlaps(directMap))
  }

  @Test(arguments: NamedFormat.all)
  func `an area is whole pages and a guard, from the lowest free address on`(
    _ named: NamedFormat
  ) throws {
    let host = try AreaHost(memory: 512 << 20, format: named.format)
    let (first, second) = (try host.allocate(1), try host.allocate(3 * host.page + 1))
    #expect(first.addresses == host.base..<host.base.advanced(byBytes: 2 * host.page))
    #expect(second.start == first.addresses.upperBound)
    #expect(second.usable.byteCount == 4 * host.page)
    #expect(second.addresses.byteCount == 5 * host.page)
    #expect(host.mappingFaults(of: second) == [])
    #expect(host.complaints == [])
  }

  @Test func `an area without a guard ends where it is used up`() throws {
    let host = try AreaHost()
    let wish = AreaWish(
      byteCount: host.page, alignment: 1, flags: [.sparse, .noGuard],
      requestedByteCount: host.page, caller: [])
    let (first, second) = (try host.arena.reserve(wish), try host.arena.reserve(wish))
    #expect(first.usable == first.addresses)
    #expect(second.start == first.usable.upperBound)
    host.arena.complete(first)
    host.arena.complete(second)
    #expect(host.complaints == [])
  }

  @Test func `2 MiB and a byte take 4 MiB and a guard`() throws {
    let host = try AreaHost()
    let area = try host.allocateHuge(2 << 20 | 1)
    #expect(area.addresses.byteCount == 4 << 20 | 4096)
    #expect(area.pages.count == 1024)
    #expect(area.requestedByteCount == 2 << 20 | 1)
    #expect(host.leafCount == 2)
  }

  @Test func `an alignment is kept, and lower gaps are filled later`() throws {
    let host = try AreaHost()
    let small = try host.allocate(1)
    let aligned = try host.allocate(1, alignment: 1 << 24)
    #expect(aligned.start == host.base.advanced(byBytes: 1 << 24))
    #expect(try host.allocate(1).start == small.addresses.upperBound)
    #expect(host.complaints == [])
  }

  @Test(arguments: [
    (VmallocRequest(byteCount: 0), VmallocError.empty),
    (VmallocRequest(byteCount: 1, alignment: 0), .badAlignment),
    (VmallocRequest(byteCount: 1, alignment: 3), .badAlignment),
    (VmallocRequest(byteCount: 1, node: NodeID(1)), .noSuchNode),
    (VmallocRequest(byteCount: 1, node: NodeID(65535)), .noSuchNode),
    (VmallocRequest(byteCount: 1 << 30), .exceedsMemory),
    (VmallocRequest(byteCount: .max), .exceedsMemory),
    (VmallocRequest(byteCount: 1, alignment: 1 << 62), .noRoom),
    (VmallocRequest(byteCount: 1, alignment: 1 << 63), .noRoom),
    (VmallocRequest(byteCount: 250 << 20), .outOfFrames),
  ])
  func `what cannot be is refused and changes nothing`(
    request: VmallocRequest, wanted: VmallocError
  ) throws {
    for mapping in [VmallocRequest.Mapping.basePages, .largestThatFits] {
      let host = try AreaHost(memory: 256 << 20)
      let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
      var request = request
      request.mapping = mapping
      #expect(
        failure { () throws(VmallocError) in _ = try host.arena.allocate(request) } == wanted)
      let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
      #expect(after.differences(from: before) == [])
      #expect(host.complaints == [])
    }
  }

  @Test func `nothing but the start of an area can be freed, and that once`() throws {
    let host = try AreaHost()
    let area = try host.allocate(3 * host.page)
    for (offset, wanted) in [
      (1, VfreeError.badAddress), (host.page, .noSuchArea), (4 * host.page, .noSuchArea),
      (1 << 40, .noSuchArea),
    ] {
      let address = area.start.advanced(byBytes: offset)
      #expect(
        failure { () throws(VfreeError) in try host.arena.free(at: address) } == wanted)
    }
    try host.free(area)
    #expect(failure { () throws(VfreeError) in try host.free(area) } == .noSuchArea)
    #expect(
      failure { () throws(VfreeError) in try host.arena.free(at: VirtualAddress(0)) } == .noSuchArea
    )
    #expect(host.complaints == [])
  }
}
