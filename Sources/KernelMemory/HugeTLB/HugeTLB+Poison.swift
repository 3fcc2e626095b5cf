// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Bad memory inside huge pages. The head is marked, and which frames are bad is kept apart: a folded
// page's tails must not be written (spec 06 section 11).

extension HugeTLB {
  /// Removes and returns the bad frames of `folio` that are on record, ascending.
  func takePoisonRecords(in folio: Folio) -> [PageFrameNumber] {
    guard vmemmap.has(vmemmap.format.hwpoison, at: folio.head) else { return [] }
    return lock.withLock { removePoisonRecords(in: folio) }
  }

  /// ``takePoisonRecords(in:)``, for who holds the lock.
  func removePoisonRecords(in folio: Folio) -> [PageFrameNumber] {
    let found = poisonRecords.filter { folio.frames.contains($0) }
    poisonRecords.removeAll { folio.frames.contains($0) }
    return found.sorted()
  }

  /// Keeps a bad frame, whose huge page is gone, from ever being used again.
  func keepPoisonedFrame(_ pfn: PageFrameNumber) {
    guard let zone = topology.zone(of: pfn) else { return }
    vmemmap.initialize(pfn, place: zone.place, references: 1)
    vmemmap.set(vmemmap.format.hwpoison, at: pfn)
    poisonedPageCount.wrappingAdd(1, ordering: .relaxed)
  }

  /// Whether `pfn`, of a huge page or once of one, is known to be bad.
  ///
  /// If records of its page were lost, every frame of the page counts as bad.
  func isPoisoned(_ pfn: PageFrameNumber) -> Bool {
    guard hasDescriptor(pfn) else { return false }
    return lock.withLock {
      let head = vmemmap.head(of: pfn)
      guard vmemmap.has(vmemmap.format.hwpoison, at: head) else { return false }
      if !vmemmap.isHugeTLB(head) { return head == pfn }
      if vmemmap.hasHugePageMarks(.poisonUnreliable, at: head) { return true }
      return poisonRecords.contains(pfn)
    }
  }

  /// Whether `pfn` is memory, so that its descriptor can be read.
  func hasDescriptor(_ pfn: PageFrameNumber) -> Bool {
    topology.sections[topology.sections.number(of: pfn)].marks.contains(.hasMap)
      && topology.zone(of: pfn) != nil
  }
}
