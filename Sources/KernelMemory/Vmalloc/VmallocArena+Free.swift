// SPDX-License-Identifier: Apache-2.0

extension VmallocArena {
  /// Frees the area that starts at `address`, whatever kind it is.
  ///
  /// Its pages are free at once, or as soon as nobody else has them. Its addresses are, as soon as
  /// TLBs were flushed.
  ///
  /// - Throws: ``VfreeError``.
  /// - Linux: `vfree()`, `vunmap()`.
  func free(at address: VirtualAddress) throws(VfreeError) {
    guard address.isAligned(toBytes: pageSize.byteCount) else { throw .badAddress }
    guard let area = takeComplete(at: address) else { throw .noSuchArea }
    do throws(CutLeaf) {
      // Whoever purges flushes for it.
      try tables.unmap(area.usable).forget()
    } catch {
      preconditionFailure("leaves do not reach beyond their area")
    }
    releasePages(of: area)
    deferPurge(of: area)
    let list = lock.withLock {
      defer { area.pageArray = nil }
      return area.pageArray
    }
    if let list { try free(at: list.start) }
  }

  /// The complete area that starts at `address`, which nobody else finds from now on.
  private func takeComplete(at address: VirtualAddress) -> VmallocArea? {
    lock.withLock {
      guard let area = tree.value(startingAt: address), area.state == .complete else { return nil }
      area.state = .unpurged
      return area
    }
  }
}
