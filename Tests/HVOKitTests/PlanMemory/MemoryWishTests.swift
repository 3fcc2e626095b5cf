// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

@Suite struct `Memory to be added, on the command line` {
  private func wish(
    hotAdd: String? = nil, memmapOnMemory: Bool = false, dax: String? = nil, align: String? = nil,
    map: String? = nil
  ) throws -> MemoryWish {
    try MemoryWish(
      MemoryWishOptions(
        hotAdd: hotAdd, memmapOnMemory: memmapOnMemory, dax: dax, align: align, map: map))
  }

  @Test func `is a size, and perhaps a node`() throws {
    #expect(try wish(hotAdd: "2G") == .hotAdd(byteCount: 2 << 30, node: nil, holdsItself: false))
    #expect(
      try wish(hotAdd: "128MiB@3", memmapOnMemory: true)
        == .hotAdd(byteCount: 128 << 20, node: 3, holdsItself: true))
  }

  @Test(arguments: [
    "", "@", "2G@", "@1", "2G@x", "2G@-1", "2G@1024", "2G@99999999999999999999", "0", "x", "-2G",
    "2G@1@2", "64T", "99999999999T", "2 G",
  ])
  func `is refused if it is anything else`(text: String) {
    #expect(throws: InputError.self) { try wish(hotAdd: text) }
  }

  private func device(
    _ start: UInt?, _ byteCount: UInt, _ alignment: UInt = 2 << 20,
    _ place: DeviceWish.Place = .memory
  ) -> MemoryWish {
    .device(DeviceWish(start: start, byteCount: byteCount, alignment: alignment, place: place))
  }

  @Test func `of a device is a size or a range, with pages and a place for descriptors`() throws {
    #expect(try wish(dax: "2G") == device(nil, 2 << 30))
    #expect(try wish(dax: "0x240000000+2G") == device(0x2_4000_0000, 2 << 30))
    #expect(try wish(dax: "240000000-2bfffffff") == device(0x2_4000_0000, 2 << 30))
    #expect(try wish(dax: "0x240000000-0x2c0000000") == device(0x2_4000_0000, 2 << 30))
    #expect(try wish(dax: "4G", align: "1G", map: "dev") == device(nil, 4 << 30, 1 << 30, .device))
    #expect(try wish(dax: "2M", align: "4K", map: "mem") == device(nil, 2 << 20, 4 << 10))
  }

  @Test(arguments: [
    "", "0", "x", "-", "+", "2G+", "+2G", "-2G", "2G-1G", "0x-0x1", "1000-1000", "240000000",
    "100000+2M", "0x240000000+1M", "0x240000000+0", "240000000-2bffffffe", "0x2400000000000000+2G",
    "ffffffffffffffff+2M", "fffffffffff+2M", "240000000-2bfffffff-1", "64T", "3M", "0xg+2M",
    "99999999999999999999+2M", "0X240000000+2G",
  ])
  func `of a device is refused if it is anything else`(text: String) {
    #expect(throws: InputError.self) { try wish(dax: text) }
  }

  @Test(arguments: ["", "0", "x", "8K", "1M", "2G", "-2M", "4096G"])
  func `of a device has pages of certain sizes`(text: String) {
    #expect(throws: InputError.self) { try wish(dax: "4G", align: text) }
  }

  @Test(arguments: ["", "x", "Mem", "device", "mem "])
  func `of a device has descriptors in memory or on the device`(text: String) {
    #expect(throws: InputError.self) { try wish(dax: "4G", map: text) }
  }

  @Test func `of a device starts and ends where its pages do`() throws {
    #expect(throws: InputError.self) { try wish(dax: "1G+512M", align: "1G") }
    #expect(throws: InputError.self) { try wish(dax: "3G", align: "2G") }
    #expect(throws: InputError.self) { try wish(dax: "200000+2G", align: "1G") }
    #expect(try wish(dax: "40000000+2G", align: "1G") == device(1 << 30, 2 << 30, 1 << 30))
  }

  @Test func `is one question at a time`() {
    #expect(throws: InputError.self) { try wish(hotAdd: "2G", dax: "2G") }
    #expect(throws: InputError.self) { try wish(hotAdd: "2G", align: "2M") }
    #expect(throws: InputError.self) { try wish(hotAdd: "2G", map: "dev") }
    #expect(throws: InputError.self) { try wish(memmapOnMemory: true, dax: "2G") }
    #expect(throws: InputError.self) { try wish(memmapOnMemory: true) }
    #expect(throws: InputError.self) { try wish(align: "2M") }
    #expect(throws: InputError.self) { try wish(map: "mem") }
    #expect(throws: InputError.self) {
      try MemoryPlanRunner(
        MachineOptions(memory: "1G"), MemoryWishOptions(hotAdd: "2G"), pools: ["2M=1"])
    }
  }
}
