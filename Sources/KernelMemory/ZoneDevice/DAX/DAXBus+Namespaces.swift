// SPDX-License-Identifier: Apache-2.0

// Persistent memory as a disk or as a device. The caller holds the bus's lock.

extension DAXBus {
  /// Adds persistent memory.
  @discardableResult
  func addNamespace(
    _ range: Range<PhysicalAddress>, _ origin: PersistentNamespace.Origin
  ) -> PersistentNamespace {
    let topology = memory.topology
    let pfn = pageSize.frame(containing: range.lowerBound)
    let near = topology.nodes.last { node in
      node.memory.contains { $0.lowerBound <= pfn }
    }
    let namespace = PersistentNamespace(
      number: takeRegionNumber(), range: range, origin: origin,
      node: near?.id ?? topology.nodes[memory.localNode].id)
    namespaces.append(namespace)
    return namespace
  }

  /// Does what drivers do by themselves when they are loaded.
  func loadDrivers() {
    for namespace in namespaces
    where namespace.origin == .legacy && namespace.device == nil && namespace.diskMap == nil {
      let range = namespace.range.wholeBlocks(ofBytes: granule)
      guard !range.isEmpty else { continue }
      let map = DevicePagemap(
        .fileSystemDAX, [pageSize.wholePages(in: range)], node: namespace.node)
      if (try? memory.map(map)) != nil { namespace.diskMap = map }
    }
    probe()
  }

  /// Takes a disk's descriptors away.
  ///
  /// - Throws: ``DAXError/busy`` while somebody has a reference to one of its pages.
  func unbindDisk(_ namespace: PersistentNamespace) throws(DAXError) {
    guard let map = namespace.diskMap else { return }
    guard memory.unmap(map) != .draining else { throw .busy }
    namespace.diskMap = nil
  }

  /// Makes a device of persistent memory, and hands it to `device_dax`.
  ///
  /// - Throws: ``DAXError``; then it is a plain disk without descriptors.
  func configure(
    _ namespace: PersistentNamespace, alignment: UInt, _ placement: DescriptorPlacement,
    targetNode: NodeID? = nil
  ) throws(DAXError) -> DAXDevice {
    guard isValidAlignment(alignment) else { throw .invalid }
    guard namespace.device == nil else { throw .busy }
    try unbindDisk(namespace)
    let image = try namespace.image(
      alignment: alignment, placement, granule: granule, pageSize: pageSize)
    let region = DAXRegion(
      number: namespace.number, frames: image.data, alignment: alignment,
      targetNode: targetNode ?? namespace.node, node: namespace.node, kind: .fixed)
    guard add(region) else { throw .invalid }
    let device = makeDevice(in: region, image: image)
    device.append(image.data)
    do throws(DAXError) {
      try bind(device, to: .device)
    } catch {
      removeRegion(region.number)
      throw error
    }
    namespace.device = device.id
    return device
  }

  /// Makes a plain disk of the device that a namespace is set up as.
  ///
  /// - Throws: ``DAXError/busy`` while somebody has a reference to one of its pages.
  func dismantle(_ namespace: PersistentNamespace) throws(DAXError) {
    guard let id = namespace.device, let device = device(id) else { throw .noDevice }
    if device.driver != nil { try unbind(device) }
    for driver in DAXDriver.allCases { setTakes(driver, id, false) }
    removeRegion(id.region)
    namespace.device = nil
  }
}
