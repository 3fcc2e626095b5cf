// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  /// For each CPU the lock that is held for the length of one access, or of one flush of its TLB.
  ///
  /// So a flush returns only when no CPU is still using what it flushed. Each lock has a cache line
  /// of its own: CPUs that only access memory do not meet. The locks lie apart from the TLBs, which
  /// change as a whole while the lock is held.
  @safe struct CPUGates: ~Copyable, @unchecked Sendable {
    private let gates: UnsafeMutablePointer<SpinLock>
    /// The locks from one CPU's to the next, of which only the first is used.
    private static var stride: Int { 64 / MemoryLayout<SpinLock>.stride }

    init(cpuCount: Int) {
      unsafe gates = .allocate(capacity: cpuCount * Self.stride)
      for index in 0..<cpuCount * Self.stride {
        unsafe (gates + index).initialize(to: SpinLock(.gate))
      }
    }

    deinit {
      unsafe gates.deallocate()
    }

    /// Waits until nobody else is at the TLB of `cpu`.
    @inline(__always)
    borrowing func lock(_ cpu: CPUID) { unsafe gates[cpu.index &* Self.stride].lock() }

    /// Lets others at the TLB of `cpu`.
    @inline(__always)
    borrowing func unlock(_ cpu: CPUID) { unsafe gates[cpu.index &* Self.stride].unlock() }
  }
#endif
