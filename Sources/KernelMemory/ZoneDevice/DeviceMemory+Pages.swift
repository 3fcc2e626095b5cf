// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Pages of devices in use: who takes the first reference, and what the last one that is dropped
// means to each type (spec 07 section 5).

/// Why a page of a device could not be had.
enum DevicePageError: Error, Equatable {
  /// The frame is no data of a map that is alive: `ENXIO`.
  case noDevice
  /// Somebody has it already: `EBUSY`.
  case inUse
  /// This kernel hands out single pages only, or no folio is that large: `EINVAL`.
  case folioTooLarge
  /// Memory of this type is not handed out like that: `EINVAL`.
  case wrongType
  /// It cannot be brought back: `SIGBUS`.
  case busError
}

extension DeviceMemory {
  /// The mark of a folio that its user has locked.
  static var lockedMark: UInt64 { 1 }

  // MARK: Types whose pages are there to be used

  /// Takes a reference to the page with `pfn`, idle or not.
  ///
  /// - Linux: `vm_insert_…()` and `pin_user_pages()` of device memory.
  func use(_ pfn: PageFrameNumber) throws(DevicePageError) {
    // The page keeps the reference to its map, so that the map waits for it.
    guard let map = reference(to: pfn) else { throw .noDevice }
    guard map.hasData(at: pfn), !map.type.isHandedOut else {
      put(map)
      throw map.type.isHandedOut ? .wrongType : .noDevice
    }
    changeReferences(to: vmemmap.head(of: pfn)) { $0 &+ 1 }
  }

  /// Drops a reference that ``use(_:)`` took.
  ///
  /// - Returns: false if nobody uses the page.
  @discardableResult
  func release(_ pfn: PageFrameNumber) -> Bool {
    guard let map = table.map(at: pfn), map.hasData(at: pfn), !map.type.isHandedOut else {
      return false
    }
    let head = vmemmap.head(of: pfn)
    guard vmemmap.references(to: head) > policy.idleReferences(map.type) else { return false }
    let left = changeReferences(to: head) { $0 &- 1 }
    if left == policy.idleReferences(map.type) {
      becomeIdle(Folio(head: head, order: vmemmap.folioOrder(at: head) ?? .page), of: map)
    }
    map.references.drop()
    return true
  }

  /// - Returns: the number of references afterwards.
  @discardableResult
  private func changeReferences(
    to head: PageFrameNumber, _ change: (UInt32) -> UInt32
  ) -> UInt32 {
    vmemmap.with(head) { words in
      while true {
        let counts = words.counts
        let changed = change(counts.references)
        if words.exchangeCounts(expected: counts, desired: counts.with(references: changed)) {
          return changed
        }
      }
    }
  }

  private func becomeIdle(_ folio: Folio, of map: DevicePagemap) {
    switch map.type {
    case .devicePrivate, .coherent, .generic: return
    case .fileSystemDAX: map.wakeUps.wrappingAdd(1, ordering: .relaxed)
    case .peerToPeer:
      guard map.callbacks.folioFree != nil || !policy.needsFreeCallback else { return }
      vmemmap.with(folio.head) { $0.mapping = 0 }
      map.callbacks.folioFree?(folio)
    }
  }

  // MARK: Types whose pages a driver hands out

  /// Makes a folio of idle pages of `map`, locked, with one reference.
  ///
  /// Whatever the pages were before, nothing of it is left in their descriptors.
  ///
  /// - Throws: ``DevicePageError``; nothing has changed.
  /// - Linux: `zone_device_page_init()`.
  func handOut(_ folio: Folio, of map: DevicePagemap) throws(DevicePageError) {
    guard map.type.isHandedOut else { throw .wrongType }
    guard folio.order == map.folioOrder || policy.hasLargePrivateFolios && !map.isCompound,
      folio.order <= format.largestFolioOrder
    else { throw .folioTooLarge }
    let last = folio.frames.upperBound.advanced(by: -1)
    guard map.hasData(at: folio.head), map.hasData(at: last),
      table.map(at: folio.head) === map, let zone = map.zone,
      map.references.take(
        folio.order.pageCount)
    else { throw .noDevice }
    guard isIdle(folio, map) else {
      map.references.drop(folio.order.pageCount)
      throw .inUse
    }
    let idle = idleDescriptor(of: map, zone)
    let used = DeviceDescriptor(place: idle.place, token: idle.token, references: 1)
    if folio.order == .page {
      writeSingles(folio.frames, used)
    } else if map.isCompound {
      writeHead(folio.head, used)
    } else {
      vmemmap.prepareHeadPage(of: folio, place: idle.place)
      vmemmap.prepareOuterTails(of: folio, place: idle.place)
      writeHead(folio.head, used)
    }
    vmemmap.with(folio.head) { $0.flags |= Self.lockedMark }
  }

  /// Whether nobody has any of `folio`.
  private func isIdle(_ folio: Folio, _ map: DevicePagemap) -> Bool {
    guard !map.isCompound else { return vmemmap.references(to: folio.head) == 0 }
    return folio.frames.allSatisfy {
      vmemmap.references(to: $0) == 0 && vmemmap.head(of: $0) == $0
    }
  }

  /// Lets go of the lock that ``handOut(_:of:)`` left.
  func unlock(_ folio: Folio) { vmemmap.clear(Self.lockedMark, at: folio.head) }

  /// Drops the reference to a folio that was handed out; with the last one the driver has it back.
  ///
  /// - Linux: `folio_put()`, `free_zone_device_folio()`.
  func takeBack(_ folio: Folio, of map: DevicePagemap) {
    guard let zone = map.zone, vmemmap.dropReference(folio.head) == 0 else { return }
    let idle = idleDescriptor(of: map, zone)
    if map.isCompound {
      unlock(folio)
      writeHead(folio.head, idle)
    } else {
      writeSingles(folio.frames, idle)
    }
    map.callbacks.folioFree?(folio)
    map.references.drop(folio.order.pageCount)
  }

  /// Makes single pages, each with one reference, of a folio that was handed out.
  ///
  /// - Linux: the `folio_split()` hook of 7.2.
  func split(_ folio: Folio, of map: DevicePagemap) throws(DevicePageError) {
    guard let zone = map.zone, map.type.isHandedOut, !map.isCompound else { throw .wrongType }
    guard vmemmap.references(to: folio.head) == 1 else { throw .inUse }
    let idle = idleDescriptor(of: map, zone)
    writeSingles(
      folio.frames,
      DeviceDescriptor(place: idle.place, token: idle.token, references: 1))
    map.callbacks.folioSplit?(folio)
  }

  /// A processor has touched device-private memory: its driver brings the contents back.
  ///
  /// - Throws: ``DevicePageError/busError`` if it cannot.
  /// - Linux: `do_swap_page()` for a device-private entry.
  func fault(at pfn: PageFrameNumber) throws(DevicePageError) {
    guard let map = reference(to: pfn) else { throw .noDevice }
    defer { put(map) }
    guard map.type == .devicePrivate, let migrate = map.callbacks.migrateToRAM else {
      throw .wrongType
    }
    let head = vmemmap.head(of: pfn)
    guard vmemmap.references(to: head) > 0 else { throw .noDevice }
    let folio = Folio(head: head, order: vmemmap.folioOrder(at: head) ?? .page)
    guard migrate(folio) else { throw .busError }
  }
}
