// SPDX-License-Identifier: Apache-2.0

// What a script does with memory of devices.

extension ScriptRunner {
  func performOnDevices(
    _ command: ScriptCommand
  ) throws(InterfaceError) -> ScriptOutcome.Result {
    let subsystem = tree.subsystem
    switch command {
    case .daxDevice(let request): try make(request)
    case .mapDevice(let request): try map(request)
    case .unmapDevice(let name): return try unmapDevice(name)
    case .useDevicePage(let address):
      let pfn = tree.pageSize.frame(containing: PhysicalAddress(address))
      guard (try? subsystem.devices.use(pfn)) != nil else { throw .noAddress }
    case .releaseDevicePage(let address):
      let pfn = tree.pageSize.frame(containing: PhysicalAddress(address))
      guard subsystem.devices.release(pfn) else { throw .noAddress }
    case .loadDrivers: subsystem.loadDeviceDrivers()
    default: break
    }
    return .succeeded
  }

  private func make(_ request: DAXDeviceRequest) throws(InterfaceError) {
    do throws(DAXError) {
      _ = try tree.subsystem.makeDAXDevice(
        at: PhysicalAddress(request.address), alignment: request.alignment,
        request.describesItself ? .device : .ordinaryMemory)
    } catch {
      throw InterfaceError(error)
    }
  }

  private func map(_ request: DeviceMapRequest) throws(InterfaceError) {
    let size = tree.pageSize
    guard request.start % size.byteCount == 0, request.byteCount % size.byteCount == 0,
      !deviceMaps.contains(where: { $0.name == request.name })
    else { throw .invalid }
    let frames = FrameRange(
      start: size.frame(containing: PhysicalAddress(request.start)),
      pageCount: request.byteCount >> size.shift)
    let altmap =
      request.altmapByteCount == 0
      ? nil : Altmap(of: frames, freeCount: size.pageCount(roundingUp: request.altmapByteCount))
    let map = DevicePagemap(
      request.type, [frames], folioOrder: PageOrder(holding: request.pageByteCount >> size.shift),
      altmap: altmap, owner: 1,
      callbacks: DeviceCallbacks(migrateToRAM: { _ in false }, folioFree: { _ in }))
    do throws(PagemapError) {
      try tree.subsystem.devices.map(map)
    } catch {
      throw InterfaceError(error)
    }
    deviceMaps.append((request.name, map))
  }

  private func unmapDevice(_ name: [UInt8]) throws(InterfaceError) -> ScriptOutcome.Result {
    guard let index = deviceMaps.firstIndex(where: { $0.name == name }) else {
      return .nothingThere
    }
    guard tree.subsystem.devices.unmap(deviceMaps[index].map) != .draining else { throw .busy }
    deviceMaps.remove(at: index)
    return .succeeded
  }
}
