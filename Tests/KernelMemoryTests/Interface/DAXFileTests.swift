// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The dax bus as files.
@Suite struct `Files of the dax bus` {
  private struct Files {
    let host: TestHost
    let tree: InterfaceTree

    init(_ kernel: KernelDesign = .linux7_2) throws {
      let map = MemoryMap([
        MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(1 << 30), .usable),
        MemoryMapEntry(PhysicalAddress(4 << 30)..<PhysicalAddress(6 << 30), .persistent),
        MemoryMapEntry(PhysicalAddress(8 << 30)..<PhysicalAddress(9 << 30), .softReserved),
      ])
      host = try TestHost(map: map, layout: .single, kernel: kernel, room: 8 << 30)
      tree = InterfaceTree(host.subsystem)
    }

    func read(_ path: String) throws -> String {
      String(decoding: try tree.read(Array(path.utf8)[...]), as: UTF8.self)
    }

    func write(_ text: String, _ path: String) throws {
      try tree.write(Array(text.utf8)[...], to: Array(path.utf8)[...])
    }

    func names(_ path: String) throws -> [String] {
      try tree.entries(of: Array(path.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
    }

    func link(_ path: String) throws -> String {
      String(decoding: try tree.linkTarget(of: Array(path.utf8)[...]), as: UTF8.self)
    }

    func mode(_ path: String) throws -> UInt16 {
      try tree.attributes(of: Array(path.utf8)[...]).mode
    }
  }

  private let bus = "/sys/bus/dax/devices"
  private let device = "/sys/bus/dax/devices/dax1.0"
  private let region = "/sys/bus/dax/devices/dax1.0/../dax_region"

  @Test func `a device is found through the bus`() throws {
    let files = try Files()
    #expect(try files.names(bus) == ["dax1.0"])
    #expect(try files.link(device) == "../../../devices/platform/hmem.1/dax1.0")
    #expect(try files.read("\(device)/size") == "\(1 << 30)\n")
    #expect(try files.read("\(device)/align") == "\(2 << 20)\n")
    #expect(try files.read("\(device)/target_node") == "0\n")
    #expect(try files.read("\(device)/numa_node") == "0\n")
    #expect(try files.read("\(device)/modalias") == "dax:t0\n")
    #expect(try files.read("\(device)/resource") == "0x200000000\n")
    #expect(try files.read("\(device)/dev") == "252:0\n")
    #expect(
      try files.read("\(device)/uevent")
        == "MAJOR=252\nMINOR=0\nDEVNAME=dax1.0\nMODALIAS=dax:t0\n")
    #expect(try files.read("\(device)/mapping0/start") == "0x200000000\n")
    #expect(try files.read("\(device)/mapping0/end") == "0x23fffffff\n")
    #expect(try files.read("\(device)/mapping0/page_offset") == "0x0\n")
    #expect(try files.link("\(device)/subsystem") == "../../../../bus/dax")
    #expect(try files.read("\(region)/id") == "1\n")
    #expect(try files.read("\(region)/size") == "\(1 << 30)\n")
    #expect(try files.read("\(region)/available_size") == "0\n")
    #expect(try files.read("\(region)/create") == "dax1.0\n")
    #expect(try files.read("\(region)/seed") == "dax1.0\n")
  }

  @Test func `modes say what can be written`() throws {
    let files = try Files()
    let modes: [(String, UInt16)] = [
      ("size", 0o644), ("align", 0o644), ("mapping", 0o200), ("resource", 0o400),
      ("modalias", 0o444), ("mapping0/start", 0o400), ("memmap_on_memory", 0o644),
    ]
    for (name, mode) in modes { #expect(try files.mode("\(device)/\(name)") == mode, "\(name)") }
    _ = try files.host.subsystem.makeDAXDevice(
      at: PhysicalAddress(4 << 30), alignment: 2 << 20, .ordinaryMemory)
    #expect(try files.mode("\(bus)/dax0.0/size") == 0o444)
    #expect(try files.mode("\(bus)/dax0.0/align") == 0o444)
    #expect(throws: InterfaceError.access) { try files.write("0", "\(bus)/dax0.0/size") }
    #expect(throws: InterfaceError.noEntry) { try files.read("\(bus)/dax0.0/mapping") }
    #expect(throws: InterfaceError.noEntry) {
      try files.read("\(bus)/dax0.0/../dax_region/available_size")
    }
  }

  @Test func `not every kernel has every file`() throws {
    let files = try Files(.linux6_1)
    #expect(throws: InterfaceError.noEntry) { try files.read("\(device)/memmap_on_memory") }
    #expect(try files.names("/sys/bus/dax/drivers").contains("fsdev_dax") == false)
    #expect(try Files().names("/sys/bus/dax/drivers").contains("fsdev_dax"))
  }

  /// What is written to `align`, and the answer (P-DEV 22).
  private static let alignments: [(String, InterfaceError?)] = [
    ("4096", nil), ("0x200000\n", nil), ("1073741824", nil), ("garbage", .noAddress),
    ("", nil), ("12345", .invalid), ("-1", .noAddress), ("4096 ", .noAddress),
    ("99999999999999999999", .noAddress), ("0", .invalid),
  ]

  @Test(arguments: alignments.indices)
  func `align takes what the kernel takes`(index: Int) throws {
    let files = try Files()
    let (text, error) = Self.alignments[index]
    if let error {
      #expect(throws: error) { try files.write(text, "\(device)/align") }
      #expect(try files.read("\(device)/align") == "\(2 << 20)\n")
    } else {
      try files.write(text, "\(device)/align")
    }
    files.host.subsystem.loadDeviceDrivers()
    if files.host.subsystem.daxDevices[0].driver == .device {
      #expect(throws: InterfaceError.busy) { try files.write("4096", "\(device)/align") }
    }
  }

  /// P-UI 20.
  @Test func `size takes what the kernel takes`() throws {
    let files = try Files()
    for (text, error): (String, InterfaceError?) in [
      ("0x20000000", nil), ("4096", .invalid), ("x", .invalid),
      ("99999999999999999999", .outOfRange), ("2147483648", .noSpace), ("0", nil),
    ] {
      if let error {
        #expect(throws: error, "\(text)") { try files.write(text, "\(device)/size") }
      } else {
        try files.write(text, "\(device)/size")
      }
    }
    #expect(try files.read("\(device)/size") == "0\n")
    #expect(try files.read("\(device)/resource") == "0x200000000\n", "that of the region")
    try files.write("200000000-2001fffff", "\(device)/mapping")
    #expect(try files.read("\(device)/size") == "2097152\n")
    for (text, error): (String, InterfaceError) in [
      ("200000000", .invalid), ("x-y", .invalid), ("200000000-2001fffff", .outOfMemory),
      ("210000000-20fffffff", .busy), ("300000000-100000000", .invalid),
    ] {
      #expect(throws: error, "\(text)") { try files.write(text, "\(device)/mapping") }
    }
    try files.write("210000000-2100fffff", "\(device)/mapping")
    #expect(try files.read("\(device)/size") == "2097152\n", "a misaligned length is ignored")
  }

  /// P-UI 19.
  @Test func `regions make and delete devices`() throws {
    let files = try Files()
    #expect(try files.read("\(region)/available_size") == "0\n")
    #expect(throws: InterfaceError.noSpace) { try files.write("1", "\(region)/create") }
    try files.write("0", "\(device)/size")
    #expect(throws: InterfaceError.invalid) { try files.write("2", "\(region)/create") }
    try files.write("1", "\(region)/create")
    #expect(try files.read("\(region)/create") == "dax1.1\n")
    #expect(try files.read("\(region)/available_size") == "\(1 << 30)\n")
    #expect(throws: InterfaceError.busy) { try files.write("dax1.0", "\(region)/delete") }
    #expect(throws: InterfaceError.noAddress) { try files.write("dax1.9", "\(region)/delete") }
    #expect(throws: InterfaceError.noAddress) { try files.write("nonsense", "\(region)/delete") }
    try files.write("dax1.1\n", "\(region)/delete")
    #expect(try files.names(bus) == ["dax1.0"])
  }

  @Test func `drivers are bound and unbound by name (P-DEV 23)`() throws {
    let files = try Files()
    let drivers = "/sys/bus/dax/drivers"
    try files.write("dax1.0", "\(drivers)/device_dax/new_id")
    #expect(try files.link("\(device)/driver") == "../../../../bus/dax/drivers/device_dax")
    #expect(try files.names("\(drivers)/device_dax").contains("dax1.0"))
    #expect(throws: InterfaceError.noDevice) {
      try files.write("dax1.0", "\(drivers)/fsdev_dax/unbind")
    }
    try files.write("dax1.0\n", "\(drivers)/device_dax/unbind")
    #expect(throws: InterfaceError.noEntry) { try files.link("\(device)/driver") }
    for (name, driver, error): (String, String, InterfaceError) in [
      ("dax1.0", "fsdev_dax/bind", .noDevice), ("dax9.9", "device_dax/bind", .noDevice),
      ("junk", "device_dax/bind", .noDevice), ("junk", "device_dax/new_id", .invalid),
      ("dax1.", "device_dax/new_id", .invalid), ("dax1.00", "device_dax/remove_id", .invalid),
      ("dax1.0", "device_dax/unbind", .noDevice),
    ] {
      #expect(throws: error, "\(name) > \(driver)") {
        try files.write(name, "\(drivers)/\(driver)")
      }
    }
    try files.write("0", "\(device)/size")
    #expect(throws: InterfaceError.noAddress) {
      try files.write("dax1.0", "\(drivers)/device_dax/bind")
    }
  }

  /// P-UI 18.
  @Test func `iomem shows who has the memory`() throws {
    let files = try Files()
    _ = try files.host.subsystem.makeDAXDevice(
      at: PhysicalAddress(4 << 30), alignment: 2 << 20, .ordinaryMemory)
    let lines = try files.read("/proc/iomem").split(separator: "\n")
    #expect(lines.contains("100000000-17fffffff : Persistent Memory"))
    #expect(lines.contains("  100000000-17fffffff : dax0.0"))
    #expect(lines.contains("200000000-23fffffff : Soft Reserved"))
  }

  /// Every file of the bus that can be written.
  private var writable: [String] {
    ["size", "align", "mapping", "memmap_on_memory", "uevent"].map { "\(device)/\($0)" }
      + ["create", "delete"].map { "\(region)/\($0)" }
      + ["device_dax", "kmem", "fsdev_dax"].flatMap { driver in
        ["bind", "unbind", "new_id", "remove_id"].map { "/sys/bus/dax/drivers/\(driver)/\($0)" }
      }
  }

  @Test func `nonsense is refused and changes nothing but numbers`() throws {
    let files = try Files()
    let permitted: [InterfaceError] = [
      .invalid, .noAddress, .busy, .noSpace, .outOfRange, .noDevice, .outOfMemory, .notSupported,
    ]
    for path in writable {
      for text in BadTexts.table + BadTexts.long.prefix(2) {
        do throws(InterfaceError) {
          try files.tree.write(text[...], to: Array(path.utf8)[...])
        } catch {
          #expect(permitted.contains(error), "\(path): \(error)")
        }
      }
      let device = files.host.subsystem.daxDevices[0]
      #expect([4096, 2 << 20, 1 << 30].contains(device.alignment))
      #expect(device.byteCount % (2 << 20) == 0 && device.byteCount <= 1 << 30)
    }
    #expect(files.host.subsystem.daxDevices.allSatisfy { $0.driver == nil })
    #expect(files.host.complaints == [])
  }

  @Test func `almost a device's name is no device's name`() throws {
    let files = try Files()
    for name in [
      "dax1.0x", "dax1", "dax1.", "dax.0", "dax01.0", "dax1.00", "dax-1.0", "dax1.-0", "DAX1.0",
      "dax1.0.0", "dax2147483648.0", "dax1.99999999999999999999", "xdax1.0", "dax 1.0", "dax9.9",
    ] {
      #expect(throws: InterfaceError.noDevice) {
        try files.write(name, "/sys/bus/dax/drivers/device_dax/bind")
      }
      #expect(throws: InterfaceError.noEntry) { _ = try files.read("\(bus)/\(name)/size") }
    }
    // A newline behind a name is no part of it.
    try files.write("dax1.0\n", "/sys/bus/dax/drivers/device_dax/new_id")
    #expect(files.host.subsystem.daxDevices[0].driver == .device)
  }
}
