// SPDX-License-Identifier: Apache-2.0

// The one place where the core is told what hardware it runs on.
//
// Everything above this layer says `Machine` and keeps to the contract that both machines share:
// frame contents by physical address, loads and stores through the MMU, translation flushes, the
// current CPU, a grace period, a cost meter and, hosted, failure injection.

#if hasFeature(Embedded)
  /// The hardware: the processor that executes this code.
  public typealias Machine = MetalMachine
#else
  /// The hardware: a simulated host inside this process.
  public typealias Machine = HostedMachine
#endif

/// What a memory access wants to do.
public enum MemoryAccess: Sendable {
  case load, store
}

/// What a compare-and-exchange that finds another value than expected asks of the page.
public enum FailedExchange: Sendable {
  /// A page that can be written, although nothing is stored: x86-64, and arm64's `CAS`.
  case needsWritablePage
  /// No more than a load does: processors with load-linked and store-conditional.
  case onlyReads
}

/// Why the MMU refused a memory access.
public enum MachineFault: Error, Equatable, Sendable {
  /// No entry translates the address: the walk ended at an absent entry.
  case notMapped(VirtualAddress)
  /// The translation exists but does not allow a store.
  case readOnly(VirtualAddress)
  /// An entry has bits that the architecture reserves, or the address is not canonical.
  case malformed(VirtualAddress)
  /// The translation leads to a physical address where the machine has no memory.
  case noMemory(PhysicalAddress)
}
