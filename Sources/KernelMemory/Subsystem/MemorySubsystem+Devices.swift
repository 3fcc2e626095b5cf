// SPDX-License-Identifier: Apache-2.0

// Memory of devices as the subsystem's users see it: by address and by name.

/// A device on the dax bus.
public struct DAXDeviceSummary: Equatable, Sendable {
  public var id: DAXDeviceID
  /// Where its data is.
  public var ranges: [Range<PhysicalAddress>]
  /// The size of its pages.
  ///
  /// - Unit: bytes.
  public var alignment: UInt
  /// What it is used as.
  public var driver: DAXDriver?

  /// - Unit: bytes.
  public var byteCount: UInt { ranges.reduce(0) { $0 &+ $1.byteCount } }
}

extension MemorySubsystem {
  /// Tells the dax bus what memory the firmware says is for devices.
  func addDeviceMemory() {
    for entry in memoryMap.entries {
      switch entry.kind {
      case .persistent: dax.addNamespace(entry.range, .module)
      case .legacyPersistent: dax.addNamespace(entry.range, .legacy)
      case .softReserved: addSpecialPurposeMemory(entry.range)
      case .usable, .reserved, .acpi, .nvs, .unusable: continue
      }
    }
  }

  /// Makes a region of memory that is meant for one purpose, with a device that has all of it.
  ///
  /// - Source: spec 07 section 6.1.
  private func addSpecialPurposeMemory(_ range: Range<PhysicalAddress>) {
    let whole = range.wholeBlocks(ofBytes: dax.granule)
    guard !whole.isEmpty else { return }
    let node = topology.nodes[hugeTLB.localNode].id
    let region = DAXRegion(
      number: dax.takeRegionNumber(), frames: format.pageSize.wholePages(in: whole),
      alignment: format.pmdByteCount, targetNode: node, node: node, kind: .dynamic,
      isMeantForKmem: true)
    guard dax.add(region) else { return }
    dax.makeDevice(in: region).append(region.frames)
  }

  /// Does what drivers of devices do by themselves when they are loaded.
  public func loadDeviceDrivers() { dax.lock.withLock { dax.loadDrivers() } }

  /// The devices on the dax bus.
  public var daxDevices: [DAXDeviceSummary] {
    dax.lock.withLock { dax.devices.map { summary(of: $0) } }
  }

  private func summary(of device: DAXDevice) -> DAXDeviceSummary {
    DAXDeviceSummary(
      id: device.id, ranges: device.ranges.map { addresses(of: $0.frames) },
      alignment: device.alignment, driver: device.driver)
  }

  private func addresses(of frames: FrameRange) -> Range<PhysicalAddress> {
    let size = format.pageSize
    return size.address(of: frames.lowerBound)..<size.address(of: frames.upperBound)
  }

  /// Makes a device of the persistent memory that has `address`, and lets processes map it.
  ///
  /// - Parameter alignment: the bytes of its pages.
  /// - Throws: ``DAXError``.
  public func makeDAXDevice(
    at address: PhysicalAddress, alignment: UInt, _ placement: DescriptorPlacement,
    targetNode: NodeID? = nil
  ) throws(DAXError) -> DAXDeviceSummary {
    try dax.lock.withLock { () throws(DAXError) in
      guard let namespace = dax.namespaces.first(where: { $0.range.contains(address) }) else {
        throw .noDevice
      }
      return summary(
        of: try dax.configure(
          namespace, alignment: alignment, placement, targetNode: targetNode))
    }
  }

  /// Makes plain persistent memory of a device again.
  ///
  /// - Throws: ``DAXError/noDevice`` if there is no such device of persistent memory,
  ///   ``DAXError/busy`` while somebody has a reference to one of its pages.
  public func dismantleDAXDevice(_ id: DAXDeviceID) throws(DAXError) {
    try dax.lock.withLock { () throws(DAXError) in
      guard let namespace = dax.namespaces.first(where: { $0.device == id }) else {
        throw .noDevice
      }
      try dax.dismantle(namespace)
    }
  }

  /// Takes persistent memory from the driver that makes a disk of it.
  ///
  /// - Throws: ``DAXError/noDevice`` if there is no namespace of that number.
  public func unbindDisk(_ number: Int) throws(DAXError) {
    try dax.lock.withLock { () throws(DAXError) in
      guard let namespace = dax.namespaces.first(where: { $0.number == number }) else {
        throw .noDevice
      }
      try dax.unbindDisk(namespace)
    }
  }

  /// Hands a device to another driver, though it is not meant for it.
  ///
  /// - Parameter describesItself: whether it is to hold its own descriptors as ordinary memory.
  /// - Throws: ``DAXError``; the device may have lost its driver.
  public func rebindDAXDevice(
    _ id: DAXDeviceID, to driver: DAXDriver?, describesItself: Bool = false
  ) throws(DAXError) {
    try dax.lock.withLock { () throws(DAXError) in
      guard let device = dax.device(id) else { throw .noDevice }
      if device.driver != nil { try dax.unbind(device) }
      if describesItself || dax.policy.canDescribeItself {
        try dax.setDescribesItself(device, describesItself)
      }
      guard let driver else { return }
      dax.setTakes(driver, id, true)
      try dax.bind(device, to: driver)
    }
  }
}
