// SPDX-License-Identifier: Apache-2.0

#if hasFeature(Embedded)
  extension InvariantCheck {
    /// A processor does not tell what its TLB holds.
    mutating func checkCaches() {}
  }
#else
  // What the CPUs' TLBs hold: at rest, nothing that differs from the tables.

  extension InvariantCheck {
    mutating func checkCaches() {
      let size = vmemmap.pageSize
      var stale: [(CPUID, VirtualAddress, UInt, UInt)] = []
      var lenient: [(CPUID, VirtualAddress)] = []
      subsystem.machine.forEachCachedTranslation { cpu, slot in
        let address = VirtualAddress(slot.page &<< size.shift)
        let frame = size.frame(containing: PhysicalAddress(slot.frame))
        if isUnpurged(address) { return }
        let mapping = view.mapping(of: address)
        if mapping?.frame != frame {
          stale.append((cpu, address, mapping?.frame.rawValue ?? .max, frame.rawValue))
        } else if slot.isWritable, mapping?.isWritable == false {
          // A translation may allow less than the tables do, never more.
          lenient.append((cpu, address))
        }
      }
      for (cpu, address, wanted, found) in stale {
        report(.freshCache, .cachedAddress(cpu, address), wanted: wanted, found: found)
      }
      for (cpu, address) in lenient { report(.cachedPermission, .cachedAddress(cpu, address)) }
    }
  }
#endif
