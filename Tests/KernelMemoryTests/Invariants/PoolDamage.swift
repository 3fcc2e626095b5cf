// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import KernelMemory

// Damage to pools of huge pages (P-POOL).

extension DamageList {
  mutating func addPools() {
    addPoolCounts()
    addPoolPages()
  }

  private mutating func addPoolCounts() {
    add(.poolNodeSum, "a node counts a page too many") {
      let host = try DamagedHost()
      host.pool.parts[0].counts.pageCount += 1
      return host.subsystem
    }
    add(.poolExcess, "more pages are surplus than there are") {
      let host = try DamagedHost()
      host.pool.counts.surplusPageCount = 9
      host.pool.parts[0].counts.surplusPageCount = 9
      host.pool.target = host.pool.counts.persistentPageCount
      return host.subsystem
    }
    add(.freeListLength, "a free page is on its list and not counted") {
      let host = try DamagedHost()
      host.pool.counts.freePageCount -= 1
      host.pool.parts[0].counts.freePageCount -= 1
      return host.subsystem
    }
    add(.reservation, "more pages are promised than are free") {
      let host = try DamagedHost()
      host.pool.counts.reservedPageCount = 5
      return host.subsystem
    }
    add(.target, "the wanted number is not that of the pages") {
      let host = try DamagedHost()
      host.pool.target += 1
      return host.subsystem
    }
    add(.poolPageCount, "a pool has a page that is nowhere") {
      let host = try DamagedHost()
      host.pool.counts.pageCount += 1
      host.pool.parts[0].counts.pageCount += 1
      host.pool.target += 1
      return host.subsystem
    }
    addCheck(.poolPages, "a page in use is on no list") {
      let host = try DamagedHost(folds: false)
      let process = SimulatedProcess(of: host.subsystem)
      let mapping = try process.mapHugePages(1, of: host.pool.byteCount, .reserved)
      try process.touch(mapping)
      host.pool.deactivate(try need(host.vmemmap.first(of: host.pool.activeList), "a page in use"))
      return withExtendedLifetime(process) { host.subsystem.checkInvariants() }
    }
  }

  private mutating func addPoolPages() {
    add(.freeListPage, "a free page is not marked as free") {
      let host = try DamagedHost()
      host.vmemmap.removeHugePageMarks(.freed, at: host.page.head)
      return host.subsystem
    }
    add(.hugePageReferences, "a free page has a reference") {
      let host = try DamagedHost()
      host.vmemmap.markHugeTLB(host.page.head, references: 1)
      return host.subsystem
    }
    add(.hugePageAlignment, "a base page is on a pool's list") {
      let host = try DamagedHost()
      var frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      while frame.isAligned(to: host.pool.order) {
        frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      }
      host.vmemmap.pushFront(frame, on: &host.pool.parts[0].freeList)
      host.pool.account(frame)
      host.pool.counts.freePageCount += 1
      return host.subsystem
    }
    add(.hugePageMark, "a page of a pool is not marked as one") {
      let host = try DamagedHost()
      host.vmemmap.unmarkHugeTLB(host.page.head)
      return host.subsystem
    }
    add(.temporaryOnFreeList, "a page on loan is on a free list") {
      let host = try DamagedHost()
      host.vmemmap.insertHugePageMarks(.temporary, at: host.page.head)
      return host.subsystem
    }
    add(.poisonRecord, "a page with a bad frame is not marked") {
      let host = try DamagedHost()
      host.subsystem.hugeTLB.poisonRecords.append(host.page.head.advanced(by: 3))
      return host.subsystem
    }
    add(.uncountedPage, "a page of no pool says that it is of one") {
      let host = try DamagedHost(folds: false)
      _ = try need(host.pool.allocateBarePage(on: NodeID(0), [.thisNode]))
      return host.subsystem
    }
  }
}
