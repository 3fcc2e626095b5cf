// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// A number that tells states of a subsystem apart by what its counters say; cheap enough to be taken
/// after every step.
public struct StateKey: Hashable, Sendable {
  private let value: UInt64

  /// The state of `subsystem`, with which nobody is at work.
  public init(of subsystem: MemorySubsystem) {
    var mixed: UInt64 = 0
    func add(_ number: Int) {
      mixed = SplitMix.mix(mixed &+ UInt64(bitPattern: Int64(number)) &+ 1)
    }
    let totals = subsystem.totals
    add(Int(totals.freePageCount))
    add(totals.runtimeVmemmapPageCount)
    add(totals.bootVmemmapPageCount)
    add(totals.tablePageCount)
    for zone in subsystem.zones { add(Int(zone.freePageCount)) }
    for pool in subsystem.pools {
      add(Int(pool.counts.pageCount))
      add(Int(pool.counts.freePageCount))
      add(Int(pool.counts.reservedPageCount))
      add(Int(pool.counts.surplusPageCount))
    }
    add(subsystem.memoryBlocks.count { $0.isOnline })
    add(subsystem.vmallocTotals.areaCount)
    value = mixed
  }
}
