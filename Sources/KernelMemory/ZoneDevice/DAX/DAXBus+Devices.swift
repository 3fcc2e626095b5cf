// SPDX-License-Identifier: Apache-2.0

// Making, changing and deleting devices of regions that allow it (spec 10 section 9). The caller
// holds the bus's lock.

extension DAXBus {
  /// Makes a device without memory.
  ///
  /// - Throws: ``DAXError/noSpace`` if all the region is in use.
  @discardableResult
  func create(in region: DAXRegion) throws(DAXError) -> DAXDevice {
    guard region.kind == .dynamic else { throw .invalid }
    guard region.availablePageCount > 0 else { throw .noSpace }
    return makeDevice(in: region)
  }

  /// Makes a device, also where all memory is in use.
  func makeDevice(in region: DAXRegion, image: DAXImage? = nil) -> DAXDevice {
    let id = DAXDeviceID(region: region.number, number: region.nextNumber)
    region.nextNumber += 1
    let device = DAXDevice(id, in: region, image: image)
    region.devices.append(device)
    return device
  }

  /// Deletes a device without memory.
  ///
  /// - Throws: ``DAXError/noAddress`` if there is none, ``DAXError/busy`` if it is in use, has memory
  ///   or is the region's first.
  func delete(_ id: DAXDeviceID, in region: DAXRegion) throws(DAXError) {
    guard let index = region.devices.firstIndex(where: { $0.id == id }) else { throw .noAddress }
    let device = region.devices[index]
    guard device.driver == nil, device.pageCount == 0, id.number != 0 else { throw .busy }
    region.devices.remove(at: index)
  }

  /// Gives a device `byteCount` bytes.
  ///
  /// More come from the first gaps of the region, less are left of its first parts.
  ///
  /// - Throws: ``DAXError``; nothing has changed.
  /// - Linux: `dev_dax_resize()`.
  func resize(_ device: DAXDevice, to byteCount: UInt) throws(DAXError) {
    guard let region = region(device.id.region) else { throw .noAddress }
    guard !device.isFixed, byteCount % max(device.alignment, granule) == 0 else { throw .invalid }
    let wanted = byteCount >> pageSize.shift
    let current = device.pageCount
    if wanted == current { return }
    guard device.driver == nil else { throw .busy }
    guard wanted > current else { return device.dropLast(current &- wanted) }
    try grow(device, by: wanted &- current, in: region)
  }

  private func grow(
    _ device: DAXDevice, by pageCount: UInt, in region: DAXRegion
  ) throws(DAXError) {
    let unit = max(device.alignment, granule) >> pageSize.shift
    var pieces: [FrameRange] = []
    var left = pageCount
    for gap in region.gaps where left > 0 {
      let start = (gap.lowerBound.rawValue &+ unit &- 1) / unit &* unit
      guard start < gap.upperBound.rawValue else { continue }
      let count = min(left, (gap.upperBound.rawValue &- start) / unit &* unit)
      guard count > 0 else { continue }
      pieces.append(FrameRange(start: PageFrameNumber(start), pageCount: count))
      left &-= count
    }
    guard left == 0 else { throw .noSpace }
    for piece in pieces { device.append(piece) }
  }

  /// Gives a device the frames from `first` to `last`, byte by byte.
  ///
  /// A length that is no multiple of the device's pages is passed over in silence, as the kernel does.
  ///
  /// - Throws: ``DAXError/busy`` for no bytes at all, ``DAXError/outOfMemory`` where others are.
  func addMapping(_ device: DAXDevice, first: UInt, last: UInt) throws(DAXError) {
    guard let region = region(device.id.region) else { throw .noAddress }
    guard !device.isFixed else { throw .invalid }
    let byteCount = last &- first &+ 1
    guard first <= last else {
      if first == last &+ 1 { throw .busy }
      throw .invalid
    }
    guard byteCount % max(device.alignment, granule) == 0, byteCount > 0,
      first % pageSize.byteCount == 0
    else { return }
    let frames = FrameRange(
      start: PageFrameNumber(first >> pageSize.shift), pageCount: byteCount >> pageSize.shift)
    guard region.gaps.contains(where: { $0.clamped(to: frames) == frames }) else {
      throw .outOfMemory
    }
    device.append(frames, mayProlong: false)
  }

  /// Gives a device pages of another size.
  ///
  /// - Throws: ``DAXError``; the size stays.
  func setAlignment(of device: DAXDevice, to byteCount: UInt) throws(DAXError) {
    guard isValidAlignment(byteCount) else { throw .invalid }
    guard device.driver == nil else { throw .busy }
    let pages = max(byteCount, granule) >> pageSize.shift
    guard device.ranges.allSatisfy({ $0.frames.pageCount % pages == 0 }) else { throw .invalid }
    device.alignment = byteCount
  }

  /// Says whether a device describes itself as ordinary memory.
  func setDescribesItself(_ device: DAXDevice, _ value: Bool) throws(DAXError) {
    if value, !hotplug.memmapOnMemory.isPossible { throw .notSupported }
    if value == device.describesItself { return }
    guard device.driver != .kmem else { throw .busy }
    device.describesItself = value
  }
}
