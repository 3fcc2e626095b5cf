// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A page table in physical memory, seen as its entries.
///
/// Each entry is read and written whole: another CPU may walk the table at any moment.
@safe struct EntryTable {
  private let entries: UnsafeMutablePointer<Atomic<UInt64>>
  private let isBigEndian: Bool

  /// The table at `address`.
  @inline(__always)
  init(at address: PhysicalAddress, machine: Machine, format: borrowing PagingFormat) {
    unsafe entries = machine.pointer(to: address).assumingMemoryBound(to: Atomic<UInt64>.self)
    isBigEndian = format.bits.isBigEndian
  }

  /// The entry at `index`.
  ///
  /// Reading pairs with the releasing store of another CPU, so that what an entry points to is
  /// seen as complete as it was when the entry was written.
  subscript(_ index: UInt) -> PageTableEntry {
    @inline(__always) get {
      let raw = unsafe entries[Int(bitPattern: index)].load(ordering: .acquiring)
      return PageTableEntry(rawValue: isBigEndian ? raw.byteSwapped : raw)
    }
    @inline(__always) nonmutating set {
      let raw = isBigEndian ? newValue.rawValue.byteSwapped : newValue.rawValue
      #if !hasFeature(Embedded)
        if Machine.isObserved { return setObserved(index, newValue, raw) }
      #endif
      unsafe entries[Int(bitPattern: index)].store(raw, ordering: .releasing)
    }
  }

  #if !hasFeature(Embedded)
    /// Changes an entry on a machine whose CPUs are observed.
    @inline(never)
    private func setObserved(_ index: UInt, _ entry: PageTableEntry, _ raw: UInt64) {
      let before = self[index]
      let place = unsafe entries + Int(bitPattern: index)
      unsafe place.pointee.store(raw, ordering: .releasing)
      Machine.observe(
        .entryChanged(
          place: UInt(bitPattern: place), from: before.rawValue, to: entry.rawValue))
    }
  #endif

  /// Writes `count` leaves of the last level for the frames from `address` on.
  @inline(__always)
  func fill(
    _ count: UInt, from address: PhysicalAddress, format: borrowing PagingFormat
  ) {
    var raw = format.leaf(address, at: 0).rawValue
    let stride = format.frameStride
    for index in 0..<Int(bitPattern: count) {
      unsafe entries[index].store(isBigEndian ? raw.byteSwapped : raw, ordering: .relaxed)
      raw &+= stride
    }
  }

  /// Writes `entry` over the first of `indexes` and those behind it that map the frames behind its
  /// frame, without a gap.
  ///
  /// - Precondition: the entries are leaves of the last level, at least one.
  /// - Returns: the index behind the last one written.
  @inline(__always)
  func replaceNeighbours(
    in indexes: Range<UInt>, by entry: PageTableEntry, format: borrowing PagingFormat
  ) -> UInt {
    let mask = format.bits.frameMask
    let stride = format.frameStride
    var index = indexes.lowerBound
    var frame = self[index].rawValue & mask
    repeat {
      self[index] = entry
      index &+= 1
      frame &+= stride
    } while index < indexes.upperBound && self[index].rawValue & mask == frame
    return index
  }
}
