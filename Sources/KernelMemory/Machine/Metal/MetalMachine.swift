// SPDX-License-Identifier: Apache-2.0

#if hasFeature(Embedded)
  import Synchronization

  /// The hardware that executes this code.
  ///
  /// It keeps the contract of the simulated host: physical memory is reached through the direct
  /// map that the boot code made, everything else through the addresses that the tables translate.
  /// What needs an instruction is done by ``MetalHooks``.
  ///
  /// There is one per kernel.
  @safe
  public final class MetalMachine: @unchecked Sendable {
    /// What the hardware has spent so far.
    public let cost = CostMeter()
    /// Makes allocations fail on demand.
    public let failures = FailureInjector()
    /// How the MMU reads its tables.
    public let regime: TranslationRegime
    /// The number of CPUs that run.
    public let cpuCount: Int
    /// The bytes from physical zero to the end of the machine's last memory.
    public let span: UInt
    /// The pages of a range above which a flush drops the whole TLB instead.
    ///
    /// - Linux: `tlb_single_page_flush_ceiling` (spec 03 section 8).
    public let pageFlushCeiling: UInt = 33
    /// Who adds to the counters of what runs on the machine.
    let counterWriters = Writers.many
    let hooks: MetalHooks
    let readers: ReaderSections
    private let directMap: UnsafeMutableRawPointer
    /// The spinning hint, where code without a machine at hand finds it; 0 before there is one.
    private static let pauseHook = Atomic<UInt>(0)

    /// Describes the processor that runs the caller.
    ///
    /// - Precondition: `span` bytes of physical memory are mapped from `directMapBase` on, which is
    ///   not 0, and CPUs 0 to `cpuCount - 1` answer ``MetalHooks/runOnCPU``.
    public init(
      span byteCount: UInt, regime: TranslationRegime, cpuCount: Int = 1,
      directMapBase: VirtualAddress, hooks: MetalHooks
    ) {
      precondition(cpuCount > 0, "the CPU that runs this exists")
      guard let base = unsafe UnsafeMutableRawPointer(bitPattern: directMapBase.rawValue) else {
        preconditionFailure("the direct map does not start at the null pointer")
      }
      span = byteCount
      self.regime = regime
      self.cpuCount = cpuCount
      self.hooks = hooks
      readers = ReaderSections(cpuCount: cpuCount)
      unsafe directMap = base
      Self.pauseHook.store(unsafe unsafeBitCast(hooks.pause, to: UInt.self), ordering: .releasing)
    }

    /// The CPU that executes the caller.
    public var currentCPU: CPUID { CPUID(hooks.currentCPU()) }

    /// The processor itself knows what it asks of a page.
    var failedExchange: FailedExchange { .needsWritablePage }

    /// Makes `table` the top of the page tables of all CPUs.
    public func setTranslationRoot(_ table: PhysicalAddress) {
      onEveryCPU { $0.writeTranslationRoot(table.rawValue) }
      flushAllTranslations()
    }

    /// Tells the processor that the caller waits for a lock.
    static func relaxWhileSpinning() {
      let raw = pauseHook.load(ordering: .acquiring)
      guard raw != 0 else { return }
      unsafe unsafeBitCast(raw, to: (@convention(c) () -> Void).self)()
    }

    /// The memory at `address`, through the direct map.
    ///
    /// - Precondition: the address lies inside the machine's span.
    @inline(__always)
    func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
      assert(address.rawValue < span, "the direct map ends with the memory")
      return unsafe directMap + Int(bitPattern: address.rawValue)
    }

    /// Says that nobody cares any more what `byteCount` bytes from `address` on contain.
    func forgetContents(at address: PhysicalAddress, byteCount: UInt) {}

    /// Makes `byteCount` bytes from `target` on read as those from `source` on.
    func copyContents(from source: PhysicalAddress, to target: PhysicalAddress, byteCount: UInt) {
      unsafe pointer(to: target)
        .copyMemory(from: pointer(to: source), byteCount: Int(bitPattern: byteCount))
      cost.add(byteCount, to: .bytesCopied)
    }

    /// Makes `byteCount` bytes from `address` on read as zero.
    func clearContents(at address: PhysicalAddress, byteCount: UInt) {
      unsafe clear(pointer(to: address), byteCount: byteCount)
    }

    /// Makes `byteCount` bytes from `start` on, whole words, read as zero.
    func clear(_ start: UnsafeMutableRawPointer, byteCount: UInt) {
      unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: Int(bitPattern: byteCount))
    }
  }

  extension MetalMachine {
    /// Marks the caller as a reader whom ``waitForGracePeriod()`` waits for.
    ///
    /// - Precondition: the caller stays on its CPU.
    func withReaderSection<Result>(_ body: () -> Result) -> Result {
      let cpu = currentCPU
      readers.enter(cpu)
      defer { readers.leave(cpu) }
      return body()
    }

    /// Waits until every reader that was inside its section has left it.
    ///
    /// - Linux: `synchronize_rcu()`.
    func waitForGracePeriod() {
      cost.add(1, to: .gracePeriods)
      let here = currentCPU
      for index in 0..<cpuCount where index != here.index {
        readers.waitUntilLeft(CPUID(index))
      }
    }
  }
#endif
