// SPDX-License-Identifier: Apache-2.0

// What files of the dax bus do when they are written to (spec 10 section 9).

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
        if file == .newID { bus.probe(driver) }
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
    case .outOfReach: self = .tooBig
    }
  }

  /// The answer to memory of a device that cannot be mapped.
  init(_ error: PagemapError) { self.init(DAXError(error)) }
}
