// SPDX-License-Identifier: Apache-2.0

// /sys/bus/dax and the devices that it links to (spec 10 section 9).
//
// All regions are found below /sys/devices/platform, as those of special-purpose memory are; what
// persistent memory has between its modules and its regions is left out.

extension InterfaceTree {
  static var daxBusEntries: [TreeEntry] {
    [
      .directory(
        "devices",
        [
          .link(
            .daxDevices, TreeLink(prefix: "../../../devices/platform/hmem.", ending: .daxDevice))
        ]),
      .directory("drivers", DAXDriver.allCases.map { daxDriverEntry($0) }),
    ]
  }

  private static func daxDriverEntry(_ driver: DAXDriver) -> TreeEntry {
    .directory(
      .daxDriver(driver),
      [
        .file("bind", .daxDriver(driver, .bind)),
        .link(
          .daxDevicesOfDriver(driver),
          TreeLink(prefix: "../../../../devices/platform/hmem.", ending: .daxDevice)),
        .file("new_id", .daxDriver(driver, .newID)),
        .file("remove_id", .daxDriver(driver, .removeID)),
        .file("unbind", .daxDriver(driver, .unbind)),
      ])
  }

  static var daxRegionEntries: [TreeEntry] {
    [
      .directory(
        .daxRegions,
        [
          .directory(
            "dax_region",
            [
              .file("align", .daxRegion(.alignment)),
              .file("available_size", .daxRegion(.availableSize)),
              .file("create", .daxRegion(.create)), .file("delete", .daxRegion(.delete)),
              .file("id", .daxRegion(.number)), .file("seed", .daxRegion(.seed)),
              .file("size", .daxRegion(.size)),
            ]),
          .directory(.daxDevicesOfRegion, daxDeviceEntries),
        ])
    ]
  }

  private static var daxDeviceEntries: [TreeEntry] {
    [
      .file("align", .dax(.alignment)), .file("dev", .dax(.deviceNumber)),
      .link(
        .daxDriverLink, TreeLink(prefix: "../../../../bus/dax/drivers/", ending: .daxDriver)),
      .file("mapping", .dax(.mapping)),
      .directory(
        .daxParts,
        [
          .file("end", .daxPart(.end)), .file("page_offset", .daxPart(.offset)),
          .file("start", .daxPart(.start)),
        ]),
      .file("memmap_on_memory", .dax(.describesItself)), .file("modalias", .dax(.modalias)),
      .file("numa_node", .dax(.node)), .file("resource", .dax(.resource)),
      .file("size", .dax(.size)),
      .link(.word("subsystem"), TreeLink(prefix: "../../../../bus/dax", ending: .nothing)),
      .file("target_node", .dax(.targetNode)), .file("uevent", .dax(.event)),
    ]
  }
}

// MARK: Names

extension InterfaceTree {
  var dax: DAXBus { subsystem.dax }

  func isFixed(_ id: DAXDeviceID) -> Bool {
    dax.lock.withLock { dax.device(id)?.isFixed ?? true }
  }

  func driver(of id: DAXDeviceID) -> DAXDriver? {
    dax.lock.withLock { dax.device(id)?.driver }
  }

  /// Appends the part of a device's path behind that of its region's bus.
  func appendDirectory(of id: DAXDeviceID, to sink: inout TextSink) {
    sink.appendDecimal(signed: id.region)
    sink.append("/")
    id.write(to: &sink)
  }

  func hasDAXRegion(_ number: Int) -> Bool {
    dax.lock.withLock { dax.region(number) != nil }
  }

  var daxRegionNumbers: [UInt] {
    dax.lock.withLock { dax.regions.map { UInt($0.number) } }
  }

  /// The numbers of a device's parts.
  func daxParts(of id: DAXDeviceID) -> [UInt] {
    dax.lock.withLock { dax.device(id)?.ranges.map { UInt($0.number) } ?? [] }
  }

  /// The devices that a pattern stands for.
  private func daxDevices(_ pattern: NamePattern, _ arguments: PathArguments) -> [DAXDeviceID] {
    dax.lock.withLock {
      dax.devices.filter { device in
        switch pattern {
        case .daxDevicesOfRegion: device.id.region == arguments.daxRegion
        case .daxDevicesOfDriver(let driver): device.driver == driver
        default: true
        }
      }.map { $0.id }
    }
  }

  func matchDAX(
    _ name: ArraySlice<UInt8>, _ pattern: NamePattern, _ arguments: PathArguments
  ) -> PathArguments? {
    switch pattern {
    case .daxDriver(let driver):
      return dax.drivers.contains(driver) && driver.name.isEqual(to: name) ? arguments : nil
    case .daxDriverLink:
      let isThere = driver(of: arguments.daxDevice) != nil
      return isThere && pattern.prefix.isEqual(to: name) ? arguments : nil
    default:
      guard let id = DAXDeviceID(name: name), daxDevices(pattern, arguments).contains(id) else {
        return nil
      }
      var result = arguments
      result.daxDevice = id
      result.daxRegion = id.region
      return result
    }
  }

  func daxNames(of pattern: NamePattern, _ arguments: PathArguments) -> [[UInt8]] {
    switch pattern {
    case .daxDriver(let driver): return dax.drivers.contains(driver) ? [driver.name.bytes] : []
    case .daxDriverLink:
      return driver(of: arguments.daxDevice) == nil ? [] : [pattern.prefix.bytes]
    default:
      return daxDevices(pattern, arguments).map { id in
        var sink = TextSink()
        id.write(to: &sink)
        return sink.bytes
      }
    }
  }

  func isPresent(_ file: DAXFile, of id: DAXDeviceID) -> Bool {
    dax.lock.withLock {
      guard let device = dax.device(id) else { return false }
      switch file {
      case .mapping: return !device.isFixed
      case .targetNode: return device.targetNode != nil
      case .describesItself: return dax.policy.canDescribeItself
      default: return true
      }
    }
  }

  func isPresent(_ file: DAXRegionFile, region number: Int) -> Bool {
    dax.lock.withLock {
      switch file {
      case .number, .size, .alignment: true
      case .availableSize, .create, .seed, .delete: dax.region(number)?.kind == .dynamic
      }
    }
  }
}
