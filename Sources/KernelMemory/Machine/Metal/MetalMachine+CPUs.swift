// SPDX-License-Identifier: Apache-2.0

#if hasFeature(Embedded)
  // A closure crosses to another CPU as the address of a box on the caller's stack: the caller
  // waits until the work is done, so the box outlives it.

  extension MetalMachine {
    /// Runs `body` as `cpu`, and waits until it has.
    ///
    /// On another CPU, `body` runs in the handler of an interrupt: it must not wait for what the
    /// interrupted code holds.
    ///
    /// - Precondition: the machine has such a CPU.
    public func run<Result, Failure: Error>(
      on cpu: CPUID, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      precondition(cpu.index < cpuCount, "a machine runs code on CPUs that it has")
      guard cpu != currentCPU else { return try body() }
      var outcome: Swift.Result<Result, Failure>?
      call(cpu) {
        do throws(Failure) { outcome = .success(try body()) } catch { outcome = .failure(error) }
      }
      guard let outcome else { preconditionFailure("the other CPU did not do its work") }
      return try outcome.get()
    }

    /// Makes another CPU call `body`, and waits until it has.
    private func call(_ cpu: CPUID, _ body: () -> Void) {
      withoutActuallyEscaping(body) { escaping in
        var box = escaping
        unsafe withUnsafeMutablePointer(to: &box) { pointer in
          unsafe hooks.runOnCPU(
            cpu.index,
            { unsafe $0.assumingMemoryBound(to: (() -> Void).self).pointee() },
            UnsafeMutableRawPointer(pointer))
        }
      }
    }

    /// Calls `body` on every CPU, on the caller's own first.
    func onEveryCPU(_ body: (MetalHooks) -> Void) {
      body(hooks)
      let here = currentCPU
      for index in 0..<cpuCount where index != here.index {
        call(CPUID(index)) { body(hooks) }
      }
    }
  }

  extension MetalMachine {
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
      invalidateEverywhere { hooks in
        for page in first..<end { hooks.invalidatePage(page &<< shift) }
      }
    }

    /// Makes all CPUs forget all translations.
    ///
    /// - Linux: `flush_tlb_all()`.
    func flushAllTranslations() {
      cost.add(1, to: .fullFlushes)
      invalidateEverywhere { $0.invalidateAll() }
    }

    private func invalidateEverywhere(_ body: (MetalHooks) -> Void) {
      if hooks.invalidationsAreBroadcast { return body(hooks) }
      cost.add(UInt(cpuCount - 1), to: .interprocessorInterrupts)
      onEveryCPU(body)
    }
  }
#endif
