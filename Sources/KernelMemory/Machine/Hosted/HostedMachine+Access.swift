// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Synchronization

  // Loads and stores as a CPU does them: first its TLB, then the tables, then a fault.
  //
  // Words are read and written whole (`Atomic` with relaxed order), because other CPUs may look at
  // the same descriptor at any moment.

  extension HostedMachine {
    /// Runs `body` on the byte at `address`, as the current CPU translates it.
    ///
    /// The pointer is good for the rest of its base page, and only during `body`, which must not
    /// access memory through the MMU nor flush.
    ///
    /// - Throws: the fault that the access meets; `body` did not run.
    @inline(__always)
    func withMemory<Result>(
      at address: VirtualAddress, for access: MemoryAccess,
      _ body: (UnsafeMutableRawPointer) -> Result
    ) throws(MachineFault) -> Result {
      let cpu = currentCPU
      let cache = unsafe cache(of: cpu)
      if threading == .many { gates.lock(cpu) }
      defer { if threading == .many { gates.unlock(cpu) } }
      let shift = decoder.pageShift
      let page = address.rawValue &>> shift
      let frame: UInt
      if let cached = unsafe cache.pointee.translation(of: page) {
        if access == .store, !cached.isWritable { throw .readOnly(address) }
        frame = cached.frame
      } else {
        frame = try unsafe fill(cache, page: page, address: address, access: access)
      }
      let offset = address.rawValue & ((1 &<< shift) &- 1)
      // The frame comes last: it is what a chain of accesses waits for.
      return unsafe body(memory.base + Int(bitPattern: offset) + Int(bitPattern: frame))
    }

    /// Walks the tables for a page that `cache` does not hold, and caches what it finds.
    @inline(never)
    private func fill(
      _ cache: UnsafeMutablePointer<TranslationCache>, page: UInt, address: VirtualAddress,
      access: MemoryAccess
    ) throws(MachineFault) -> UInt {
      let found = try walk(address)
      let size = regime.pageSize
      let frame = found.address.rawValue & ~(size.byteCount &- 1)
      guard frame &+ size.byteCount <= memory.byteCount else {
        throw .noMemory(found.address)
      }
      if access == .store, !found.isWritable { throw .readOnly(address) }
      unsafe cache.pointee.insert(page: page, frame: frame, isWritable: found.isWritable)
      return frame
    }

    /// Loads the 64-bit word at `address`, a multiple of 8.
    @inline(__always)
    public func load(_ address: VirtualAddress) throws(MachineFault) -> UInt64 {
      try unsafe withMemory(at: address, for: .load) {
        unsafe Self.word(at: $0).pointee.load(ordering: .relaxed)
      }
    }

    /// Stores the 64-bit word at `address`, a multiple of 8.
    ///
    /// - Throws: ``MachineFault/readOnly(_:)`` among others; nothing was stored.
    @inline(__always)
    public func store(_ value: UInt64, at address: VirtualAddress) throws(MachineFault) {
      try unsafe withMemory(at: address, for: .store) {
        unsafe Self.word(at: $0).pointee.store(value, ordering: .relaxed)
      }
    }

    /// The 64-bit word at `pointer`, a multiple of 8.
    @inline(__always)
    static func word(at pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
      unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
  }

  extension HostedMachine {
    /// Makes all CPUs forget the translations of the pages in `range`.
    ///
    /// More pages than ``pageFlushCeiling`` cost less as a flush of everything, and become one.
    ///
    /// - Linux: `flush_tlb_kernel_range()` (spec 03 section 8).
    func flushTranslations(of range: Range<VirtualAddress>) {
      let shift = regime.pageSize.shift
      let first = range.lowerBound.rawValue &>> shift
      let end = (range.upperBound.rawValue &+ (1 &<< shift) &- 1) &>> shift
      guard first < end else { return }
      guard end &- first <= pageFlushCeiling else { return flushAllTranslations() }
      cost.add(end &- first, to: .pageFlushes)
      if Self.isObserved { Self.observe(.flushing) }
      onEveryCache { cache in
        for page in first..<end { cache.invalidate(page: page) }
      }
      if Self.isObserved { Self.observe(.flushed) }
    }

    /// Makes all CPUs forget all translations.
    ///
    /// - Linux: `flush_tlb_all()`.
    func flushAllTranslations() {
      cost.add(1, to: .fullFlushes)
      if Self.isObserved { Self.observe(.flushing) }
      onEveryCache { $0.invalidateAll() }
      if Self.isObserved { Self.observe(.flushed) }
    }

    private func onEveryCache(_ body: (inout TranslationCache) -> Void) {
      cost.add(UInt(cpuCount - 1), to: .interprocessorInterrupts)
      for cpu in 0..<cpuCount {
        let cpu = CPUID(cpu)
        if threading == .many { gates.lock(cpu) }
        body(&(unsafe cache(of: cpu).pointee))
        if threading == .many { gates.unlock(cpu) }
      }
    }

    /// Calls `body` for each translation that some CPU's TLB holds.
    func forEachCachedTranslation(_ body: (CPUID, TranslationCache.Slot) -> Void) {
      for cpu in 0..<cpuCount {
        unsafe cache(of: CPUID(cpu)).pointee.forEach { body(CPUID(cpu), $0) }
      }
    }
  }
#endif
