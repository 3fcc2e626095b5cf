// SPDX-License-Identifier: Apache-2.0

// Which driver a device belongs to, and what happens when it gets or loses one (spec 07 sections 6.3
// to 6.5). The caller holds the bus's lock.

extension DAXBus {
  /// Whether `driver` takes `device`: because of what it is meant for, or because it was told to.
  func matches(_ driver: DAXDriver, _ device: DAXDevice) -> Bool {
    if takes(driver, device.id) { return true }
    switch driver {
    case .kmem: return device.isMeantForKmem
    case .device: return !device.isMeantForKmem
    case .fileSystem: return false
    }
  }

  /// Hands `device` to `driver`.
  ///
  /// - Throws: ``DAXError``; the device has no driver.
  func bind(_ device: DAXDevice, to driver: DAXDriver) throws(DAXError) {
    guard drivers.contains(driver), matches(driver, device) else { throw .noDevice }
    guard device.driver == nil, device.pagemap == nil else { throw .busy }
    guard device.pageCount > 0 else { throw .noAddress }
    switch driver {
    case .device: try map(device, .generic, order: folioOrder(of: device))
    case .fileSystem: try map(device, .fileSystemDAX, order: .page)
    case .kmem: try addSystemMemory(of: device)
    }
    device.driver = driver
  }

  /// Hands every device that has no driver to the first one that takes it, or to `one` only.
  func probe(_ one: DAXDriver? = nil) {
    let candidates = drivers.filter { one == nil || $0 == one }
    for device in devices where device.driver == nil && device.pageCount > 0 {
      guard let driver = candidates.first(where: { matches($0, device) }) else { continue }
      try? bind(device, to: driver)
    }
  }

  /// Takes `device` from its driver.
  ///
  /// Mappings of it end at once. While somebody has a reference to one of its pages it stays, without
  /// a way to get at it, and the next attempt goes on.
  ///
  /// - Throws: ``DAXError/busy`` then, unless the caller can wait.
  func unbind(_ device: DAXDevice, _ waiting: PagemapWait = .never) throws(DAXError) {
    guard let driver = device.driver else { throw .noDevice }
    guard driver != .kmem else {
      removeSystemMemory(of: device)
      device.driver = nil
      return
    }
    for mapping in device.mappings { mapping.invalidate() }
    device.mappings = []
    if let pagemap = device.pagemap {
      if driver == .fileSystem { resetFolios(of: device) }
      guard memory.unmap(pagemap, waiting) != .draining else { throw .busy }
      device.pagemap = nil
    }
    reservations.removeAll { $0.device == device.id && !$0.isSystemMemory }
    device.driver = nil
  }

  // MARK: Devices that are used by themselves

  private func folioOrder(of device: DAXDevice) -> PageOrder {
    PageOrder(holding: device.alignment >> pageSize.shift)
  }

  private func map(
    _ device: DAXDevice, _ type: DeviceMemoryType, order: PageOrder
  ) throws(DAXError) {
    guard !device.isFixed || device.ranges.count == 1 else { throw .invalid }
    let frames = device.image.map { [$0.frames] } ?? device.ranges.map { $0.frames }
    for range in frames where reservations.contains(where: { $0.frames.overlaps(range) }) {
      throw .busy
    }
    let pagemap = DevicePagemap(
      type, frames, folioOrder: order, altmap: device.image?.altmap, node: device.node)
    do throws(PagemapError) {
      try memory.map(pagemap)
    } catch {
      throw DAXError(error)
    }
    device.pagemap = pagemap
    for range in frames {
      reservations.append(
        Reservation(frames: range, device: device.id, isSystemMemory: false))
    }
    if type == .fileSystemDAX { resetFolios(of: device) }
  }

  /// Makes single pages of everything that a file system has built of them.
  ///
  /// - Linux: what `fsdev_dax` does when it comes and goes.
  private func resetFolios(of device: DAXDevice) {
    guard let pagemap = device.pagemap, let zone = pagemap.zone else { return }
    let idle = memory.idleDescriptor(of: pagemap, zone)
    for index in pagemap.ranges.indices {
      let busy = pagemap.dataFrames(ofRange: index).contains {
        memory.vmemmap.references(to: $0) != idle.references
      }
      if !busy { memory.writeSingles(pagemap.dataFrames(ofRange: index), idle) }
    }
  }
}
