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
  private var dax: DAXBus { subsystem.dax }

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

// MARK: Reading

extension InterfaceTree {
  func append(_ file: DAXFile, of id: DAXDeviceID, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let device = dax.device(id) else { return }
      append(file, device, to: &sink)
    }
  }

  private func append(_ file: DAXFile, _ device: DAXDevice, to sink: inout TextSink) {
    switch file {
    case .modalias: sink.append("dax:t0")
    case .size: sink.appendDecimal(device.pageCount << pageSize.shift)
    case .alignment: sink.appendDecimal(device.alignment)
    case .targetNode: sink.appendDecimal(UInt(device.targetNode?.rawValue ?? 0))
    case .node: sink.appendDecimal(UInt(device.node.rawValue))
    case .resource:
      let first = device.ranges.first?.frames ?? dax.region(device.id.region)?.frames
      appendAddress(pageSize.address(of: first?.lowerBound ?? PageFrameNumber(0)).rawValue, &sink)
    case .describesItself: sink.append(device.describesItself ? "1" : "0")
    case .deviceNumber: appendDeviceNumber(of: device, to: &sink)
    case .event: return appendEvent(of: device, to: &sink)
    case .mapping: return
    }
    sink.newline()
  }

  /// The major number that character devices of the bus have here.
  private static var majorNumber: UInt { 252 }

  /// The minor number: the device's place on the bus.
  private func minorNumber(of device: DAXDevice) -> UInt {
    UInt(dax.devices.firstIndex { $0 === device } ?? 0)
  }

  private func appendDeviceNumber(of device: DAXDevice, to sink: inout TextSink) {
    sink.appendDecimal(Self.majorNumber)
    sink.append(":")
    sink.appendDecimal(minorNumber(of: device))
  }

  private func appendEvent(of device: DAXDevice, to sink: inout TextSink) {
    sink.append("MAJOR=")
    sink.appendDecimal(Self.majorNumber)
    sink.append("\nMINOR=")
    sink.appendDecimal(minorNumber(of: device))
    sink.append("\nDEVNAME=")
    device.id.write(to: &sink)
    if let driver = device.driver {
      sink.append("\nDRIVER=")
      sink.append(driver.name)
    }
    sink.append("\nMODALIAS=dax:t0\n")
  }

  /// An address as `%#llx` prints it, but for zero.
  private func appendAddress(_ address: UInt, _ sink: inout TextSink) {
    sink.append("0x")
    sink.appendHex(address)
  }

  func append(_ file: DAXPartFile, part: Int, of id: DAXDeviceID, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let part = dax.device(id)?.ranges.first(where: { $0.number == part }) else { return }
      switch file {
      case .start: appendAddress(pageSize.address(of: part.frames.lowerBound).rawValue, &sink)
      case .end: appendAddress(pageSize.address(of: part.frames.upperBound).rawValue &- 1, &sink)
      case .offset: appendAddress(part.offset, &sink)
      }
      sink.newline()
    }
  }

  func append(_ file: DAXRegionFile, region number: Int, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let region = dax.region(number) else { return }
      switch file {
      case .number: sink.appendDecimal(signed: number)
      case .size: sink.appendDecimal(region.frames.pageCount << pageSize.shift)
      case .alignment: sink.appendDecimal(region.alignment)
      case .availableSize: sink.appendDecimal(region.availablePageCount << pageSize.shift)
      case .create: region.devices.max { $0.id < $1.id }?.id.write(to: &sink)
      case .seed: region.devices.first { $0.driver == nil }?.id.write(to: &sink)
      case .delete: return
      }
      sink.newline()
    }
  }
}

// MARK: Writing

extension InterfaceTree {
  func store(
    _ text: ArraySlice<UInt8>, to file: DAXFile, of id: DAXDeviceID
  ) throws(InterfaceError) {
    try onBus { bus throws(DAXStoreError) in
      guard let device = bus.device(id) else { throw DAXStoreError(.noAddress) }
      try Self.store(text, to: file, device, bus)
    }
  }

  private static func store(
    _ text: ArraySlice<UInt8>, to file: DAXFile, _ device: DAXDevice, _ bus: DAXBus
  ) throws(DAXStoreError) {
    switch file {
    case .size:
      let size = try number(text)
      try asked { () throws(DAXError) in try bus.resize(device, to: size) }
    case .alignment:
      // What is no number is no address either, says this file.
      guard let size = try? Parsing.sysfsUnsignedAutoBase(text) else {
        throw DAXStoreError(.noAddress)
      }
      try asked { () throws(DAXError) in try bus.setAlignment(of: device, to: size) }
    case .mapping:
      guard let (first, last) = range(text) else { throw DAXStoreError(.invalid) }
      try asked { () throws(DAXError) in try bus.addMapping(device, first: first, last: last) }
    case .describesItself:
      guard let value = try? Parsing.kernelBoolean(text) else { throw DAXStoreError(.invalid) }
      try asked { () throws(DAXError) in try bus.setDescribesItself(device, value) }
    // Nobody listens to events.
    case .event: return
    case .modalias, .targetNode, .node, .resource, .deviceNumber: throw DAXStoreError(.access)
    }
  }

  func store(
    _ text: ArraySlice<UInt8>, to file: DAXRegionFile, region number: Int
  ) throws(InterfaceError) {
    try onBus { bus throws(DAXStoreError) in
      guard let region = bus.region(number) else { throw DAXStoreError(.noAddress) }
      switch file {
      case .create:
        guard try Self.number(text) == 1 else { throw DAXStoreError(.invalid) }
        try Self.asked { () throws(DAXError) in try bus.create(in: region) }
      case .delete:
        guard let id = DAXDeviceID(name: Parsing.sysfsWord(text)) else {
          throw DAXStoreError(.noAddress)
        }
        try Self.asked { () throws(DAXError) in try bus.delete(id, in: region) }
      case .number, .size, .alignment, .availableSize, .seed: throw DAXStoreError(.access)
      }
    }
  }

  func store(
    _ text: ArraySlice<UInt8>, to file: DAXDriverFile, of driver: DAXDriver
  ) throws(InterfaceError) {
    let id = DAXDeviceID(name: Parsing.sysfsWord(text))
    try onBus { bus throws(DAXStoreError) in
      switch file {
      case .bind, .unbind:
        guard let id, let device = bus.device(id) else { throw DAXStoreError(.noDevice) }
        if file == .bind {
          try Self.asked { () throws(DAXError) in try bus.bind(device, to: driver) }
        } else {
          guard device.driver == driver else { throw DAXStoreError(.noDevice) }
          try Self.asked { () throws(DAXError) in try bus.unbind(device) }
        }
      case .newID, .removeID:
        guard let id else { throw DAXStoreError(.invalid) }
        bus.setTakes(driver, id, file == .newID)
        if file == .newID { bus.probe() }
      }
    }
  }

  private func onBus(
    _ body: (DAXBus) throws(DAXStoreError) -> Void
  ) throws(InterfaceError) {
    do throws(DAXStoreError) {
      try dax.lock.withLock { () throws(DAXStoreError) in try body(dax) }
    } catch {
      throw error.answer
    }
  }

  /// What a write to a file of the dax bus is answered with.
  struct DAXStoreError: Error {
    let answer: InterfaceError

    init(_ answer: InterfaceError) { self.answer = answer }
  }

  private static func asked<Result>(
    _ body: () throws(DAXError) -> Result
  ) throws(DAXStoreError) {
    do throws(DAXError) {
      _ = try body()
    } catch {
      throw DAXStoreError(InterfaceError(error))
    }
  }

  private static func number(_ text: ArraySlice<UInt8>) throws(DAXStoreError) -> UInt {
    do throws(NumberError) {
      return try Parsing.sysfsUnsignedAutoBase(text)
    } catch {
      throw DAXStoreError(InterfaceError(error))
    }
  }

  /// Reads `start-end`, two hexadecimal numbers.
  private static func range(_ text: ArraySlice<UInt8>) -> (first: UInt, last: UInt)? {
    let word = Parsing.sysfsWord(text)
    guard let sign = word.firstIndex(of: ASCII.minus), let first = hex(word[..<sign]),
      let last = hex(word[(sign + 1)...])
    else { return nil }
    return (first, last)
  }

  private static func hex(_ text: ArraySlice<UInt8>) -> UInt? {
    guard let number = Parsing.leadingHex(text), number.byteCount == text.count else { return nil }
    return number.value
  }
}

extension InterfaceError {
  /// The answer to what a device on the dax bus cannot do.
  init(_ error: DAXError) {
    switch error {
    case .invalid: self = .invalid
    case .noAddress: self = .noAddress
    case .busy: self = .busy
    case .noSpace: self = .noSpace
    case .noDevice: self = .noDevice
    case .outOfMemory: self = .outOfMemory
    case .exists: self = .exists
    case .notSupported: self = .notSupported
    }
  }

  /// The answer to memory of a device that cannot be mapped.
  init(_ error: PagemapError) { self.init(DAXError(error)) }
}
