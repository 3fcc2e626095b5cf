// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Glibc

  /// A simulated host: sparse RAM, a software MMU and any number of CPUs, each with a TLB of its own.
  ///
  /// It is a value that a test owns; many live side by side in one process. One thread may drive
  /// all CPUs in turn (``Threading/one``), or each CPU has its thread (``Threading/many``); the
  /// second costs a lock for each access. Threads of which somebody lets only one run at a time need
  /// none (``Threading/scheduled``).
  @safe
  public final class HostedMachine: @unchecked Sendable {
    /// Who drives the CPUs.
    public enum Threading: Sendable {
      /// One thread at a time, which says with ``run(on:_:)`` which CPU it is.
      case one
      /// Any number of threads, each bound to its CPU with ``run(on:_:)``.
      case many
      /// As many threads, each bound to its CPU with ``run(on:_:)``, of which never two run at the
      /// same time; whoever sees to that has observed their steps.
      case scheduled
    }

    /// What the hardware has spent so far.
    public let cost: CostMeter
    /// Makes allocations fail on demand.
    public let failures: FailureInjector
    /// How the MMU reads its tables.
    public let regime: TranslationRegime
    /// The number of CPUs.
    public let cpuCount: Int
    let threading: Threading
    /// What a compare-and-exchange asks of a page when it finds another value.
    public let failedExchange: FailedExchange
    /// Who adds to the counters of what runs on the machine.
    let counterWriters: Writers
    let memory: SparseMemory
    let decoder: EntryDecoder
    /// The CPUs' TLBs; an array of classes would cost a reference count on every access.
    private let caches: UnsafeMutablePointer<TranslationCache>
    /// Guard the TLBs of a machine that many threads drive.
    let gates: CPUGates
    /// The pages of a range above which a flush drops the whole TLB instead.
    ///
    /// - Linux: `tlb_single_page_flush_ceiling` (spec 03 section 8).
    public let pageFlushCeiling: UInt = 33
    private var soleThreadCPU = CPUID(0)
    /// The top table; written once, before a second CPU runs.
    private(set) var root = PhysicalAddress(0)
    private let readers: ReaderSections

    /// Builds a host with `byteCount` bytes of physical span, all of it zero.
    ///
    /// - Parameter failedExchange: as most processors of the regime have it, if nothing is said.
    /// - Throws: ``HostedMachineError``; nothing is left behind.
    public init(
      span byteCount: UInt, regime: TranslationRegime = .x86FourLevel, cpuCount: Int = 1,
      threading: Threading = .one, failedExchange: FailedExchange? = nil
    ) throws(HostedMachineError) {
      guard (1...4096).contains(cpuCount) else { throw .unsupportedCPUCount(cpuCount) }
      guard byteCount > 0, byteCount <= 64 << 40 else { throw .unsupportedSpan(bytes: byteCount) }
      memory = try SparseMemory(byteCount: byteCount)
      self.regime = regime
      self.cpuCount = cpuCount
      self.threading = threading
      self.failedExchange = failedExchange ?? regime.failedExchange
      let writers: Writers = threading == .many ? .many : .one
      counterWriters = writers
      cost = CostMeter(writers: writers)
      failures = FailureInjector(writers: writers)
      decoder = EntryDecoder(regime)
      unsafe caches = .allocate(capacity: cpuCount)
      for cpu in 0..<cpuCount { unsafe (caches + cpu).initialize(to: TranslationCache()) }
      gates = CPUGates(cpuCount: cpuCount)
      readers = ReaderSections(cpuCount: cpuCount)
    }

    deinit {
      unsafe caches.deinitialize(count: cpuCount)
      unsafe caches.deallocate()
    }

    /// The TLB of `cpu`.
    @inline(__always)
    func cache(of cpu: CPUID) -> UnsafeMutablePointer<TranslationCache> {
      unsafe caches + cpu.index
    }

    /// The bytes from physical zero to the end of the machine's last memory.
    public var span: UInt { memory.byteCount }

    /// The CPU that executes the caller.
    public var currentCPU: CPUID {
      threading == .one ? soleThreadCPU : CPUBinding.current
    }

    /// Runs `body` as `cpu`.
    ///
    /// - Precondition: the machine has such a CPU, and no other thread is it meanwhile.
    public func run<Result, Failure: Error>(
      on cpu: CPUID, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      precondition(cpu.index < cpuCount, "a machine runs code on CPUs that it has")
      let before = currentCPU
      bind(to: cpu)
      defer { bind(to: before) }
      return try body()
    }

    private func bind(to cpu: CPUID) {
      if threading == .one { soleThreadCPU = cpu } else { CPUBinding.current = cpu }
    }

    /// Makes `table` the top of the page tables of all CPUs.
    public func setTranslationRoot(_ table: PhysicalAddress) {
      root = table
      flushAllTranslations()
    }

    /// Lets other threads run while the caller waits for a lock.
    ///
    /// - Precondition: the caller waits for something that another thread does.
    static func relaxWhileSpinning() {
      if isObserved, observe(.spinning) { return }
      sched_yield()
    }

    /// The memory at `address`, through the direct map.
    ///
    /// - Precondition: the address lies inside the machine's span.
    @inline(__always)
    func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
      assert(address.rawValue < memory.byteCount, "the direct map ends with the memory")
      return unsafe memory.base + Int(bitPattern: address.rawValue)
    }

    /// Says that nobody cares any more what `byteCount` bytes from `address` on contain.
    ///
    /// They read as before or as zero. Large ranges are given back to the real host.
    func forgetContents(at address: PhysicalAddress, byteCount: UInt) {
      if byteCount >= 1 << 16 { memory.discard(at: address.rawValue, byteCount: byteCount) }
    }

    /// Makes `byteCount` bytes from `target` on read as those from `source` on.
    ///
    /// Pages that read the same already stay as they are: a copy of nothing costs nothing.
    ///
    /// - Precondition: both ranges consist of whole base pages, and nobody writes to them.
    func copyContents(from source: PhysicalAddress, to target: PhysicalAddress, byteCount: UInt) {
      let page = Int(bitPattern: regime.pageSize.byteCount)
      for offset in stride(from: 0, to: Int(bitPattern: byteCount), by: page) {
        let from = unsafe UnsafeRawPointer(pointer(to: source) + offset)
        let to = unsafe pointer(to: target) + offset
        if unsafe memcmp(from, to, page) != 0 { unsafe to.copyMemory(from: from, byteCount: page) }
      }
      cost.add(byteCount, to: .bytesCopied)
    }

    /// Makes `byteCount` bytes from `address` on read as zero.
    ///
    /// Large ranges are given back to the real host; small ones are not worth asking it.
    ///
    /// - Precondition: the range consists of whole base pages.
    func clearContents(at address: PhysicalAddress, byteCount: UInt) {
      assert((address.rawValue | byteCount) & (regime.pageSize.byteCount - 1) == 0, "whole pages")
      if byteCount >= 1 << 16 {
        memory.discard(at: address.rawValue, byteCount: byteCount)
      } else {
        unsafe clear(pointer(to: address), byteCount: byteCount)
      }
    }

    /// Makes `byteCount` bytes from `start` on, whole words, read as zero.
    func clear(_ start: UnsafeMutableRawPointer, byteCount: UInt) {
      let count = Int(bitPattern: byteCount)
      guard threading == .many else {
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        return
      }
      // Somebody may look at what is here: each word changes at once.
      for offset in stride(from: 0, to: count, by: 8) {
        unsafe Self.word(at: start + offset).pointee.store(0, ordering: .relaxed)
      }
    }
  }

  extension HostedMachine {
    /// Marks the caller as a reader whom ``waitForGracePeriod()`` waits for.
    func withReaderSection<Result>(_ body: () -> Result) -> Result {
      guard threading != .one else { return body() }
      let cpu = currentCPU
      readers.enter(cpu)
      defer {
        readers.leave(cpu)
        if Self.isObserved { Self.observe(.readerSection) }
      }
      return body()
    }

    /// Waits until every reader that was inside its section has left it.
    ///
    /// - Linux: `synchronize_rcu()`.
    func waitForGracePeriod() {
      cost.add(1, to: .gracePeriods)
      guard threading != .one else { return }
      if Self.isObserved { Self.observe(.gracePeriod) }
      let here = currentCPU
      for cpu in 0..<cpuCount where cpu != here.index { readers.waitUntilLeft(CPUID(cpu)) }
    }
  }
#endif
