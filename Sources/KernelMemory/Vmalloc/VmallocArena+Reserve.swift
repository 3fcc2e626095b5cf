// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Addresses: taken from the lowest gap that is wide enough, and given back when no TLB knows them.

/// What an area's addresses have to be.
struct AreaWish {
  /// The bytes that can be mapped: whole pages.
  var byteCount: UInt
  var alignment: UInt
  var flags: VmallocArea.Flags
  var order = PageOrder.page
  var requestedByteCount: UInt
  var caller: [UInt8]
}

extension VmallocArena {
  /// Reserves addresses for an area; one page more than can be mapped, as a guard.
  ///
  /// If there is no room, what was freed is purged, and room is sought once more.
  ///
  /// - Throws: ``VmallocError/noRoom``.
  /// - Linux: `__get_vm_area_node()`.
  func reserve(_ wish: AreaWish) throws(VmallocError) -> VmallocArea {
    if let area = reserveOnce(wish) { return area }
    purge()
    guard let area = reserveOnce(wish) else { throw .noRoom }
    return area
  }

  private func reserveOnce(_ wish: AreaWish) -> VmallocArea? {
    let page = pageSize.byteCount
    let guardBytes = wish.flags.contains(.noGuard) ? 0 : page
    let (byteCount, overflows) = wish.byteCount.addingReportingOverflow(guardBytes)
    if overflows { return nil }
    return lock.withLock {
      let start = tree.lowestFreeStart(
        for: .init(
          byteCount: byteCount, alignment: max(wish.alignment, page), bounds: format.vmallocRange),
        granule: page)
      guard let start else { return nil }
      let addresses = start..<start.advanced(byBytes: byteCount)
      let area = VmallocArea(
        addresses: addresses, flags: wish.flags, order: wish.order, pageSize: pageSize,
        requestedByteCount: wish.requestedByteCount, caller: wish.caller)
      tree.insert(addresses, area)
      return area
    }
  }

  /// Lets go of an area's addresses at once, because nothing was ever mapped there.
  func withdraw(_ area: VmallocArea) {
    lock.withLock { _ = tree.remove(startingAt: area.start) }
  }

  /// Shows a mapped area to everybody.
  func complete(_ area: VmallocArea) {
    lock.withLock { area.state = .complete }
  }

  /// Keeps the addresses of an unmapped area until TLBs have forgotten them, and has them forget if
  /// that has become worth it.
  func deferPurge(of area: VmallocArea) {
    let isDue = lock.withLock {
      unpurged.append(area)
      unpurgedPageCount &+= area.addresses.byteCount &>> pageSize.shift
      return unpurgedPageCount > purgeThreshold
    }
    if isDue { purge() }
  }

  /// Makes all TLBs forget the addresses of all freed areas with one flush, and frees the addresses.
  ///
  /// - Linux: `__purge_vmap_area_lazy()`.
  func purge() {
    purgeLock.withLock {
      let batch = lock.withLock { unpurged }
      guard let first = batch.first else { return }
      var range = first.addresses
      for area in batch {
        range =
          min(
            range.lowerBound, area.addresses.lowerBound)..<max(
            range.upperBound, area.addresses.upperBound)
      }
      PendingTLBFlush(range).commit(on: machine)
      purgeCount.wrappingAdd(1, ordering: .relaxed)
      lock.withLock {
        for area in batch {
          _ = tree.remove(startingAt: area.start)
          unpurgedPageCount &-= area.addresses.byteCount &>> pageSize.shift
        }
        // Whoever frees meanwhile adds behind the batch.
        unpurged.removeFirst(batch.count)
      }
    }
  }
}
