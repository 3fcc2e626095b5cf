// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Synchronization

  /// Where a virtual address leads.
  public struct Translation: Equatable, Sendable {
    /// The physical address of the byte itself.
    public var address: PhysicalAddress
    /// Whether every entry on the way allows stores.
    public var isWritable: Bool
    /// The bytes that the leaf maps: a base page or more.
    public var pageByteCount: UInt
  }

  extension HostedMachine {
    /// Walks the page tables for `address`, as the MMU does when no TLB knows it.
    ///
    /// The walk reads each entry whole and never changes one. It looks at the tables only, so it
    /// tells what a CPU *would* see after a flush.
    ///
    /// - Throws: ``MachineFault``; never ``MachineFault/readOnly(_:)``, as nothing is stored.
    public func walk(_ address: VirtualAddress) throws(MachineFault) -> Translation {
      switch decoder.space(of: address) {
      case .kernel: break
      case .elsewhere: throw .notMapped(address)
      case .nowhere: throw .malformed(address)
      }
      var table = decoder.top(at: root)
      var isWritable = true
      while true {
        switch decoder.decode(try entry(at: table.slot(for: address)), at: table.shift) {
        case .absent: throw .notMapped(address)
        case .malformed: throw .malformed(address)
        case .table(let next, let allowsStores):
          table = next
          isWritable = isWritable && allowsStores
        case .leaf(let start, let shift, let leafIsWritable):
          let byteCount: UInt = 1 &<< shift
          return Translation(
            address: start.advanced(byBytes: address.rawValue & (byteCount &- 1)),
            isWritable: isWritable && leafIsWritable, pageByteCount: byteCount)
        }
      }
    }

    /// The entry at the physical address `slot`, most significant bit first.
    ///
    /// The load pairs with the releasing store that linked the table, so its entries are complete.
    @inline(__always)
    private func entry(at slot: UInt) throws(MachineFault) -> UInt64 {
      guard slot < span else { throw .noMemory(PhysicalAddress(slot)) }
      let word = unsafe pointer(to: PhysicalAddress(slot))
        .assumingMemoryBound(to: Atomic<UInt64>.self)
      let raw = unsafe word.pointee.load(ordering: .acquiring)
      return decoder.architecture == .power ? raw.bigEndian : raw.littleEndian
    }
  }
#endif
