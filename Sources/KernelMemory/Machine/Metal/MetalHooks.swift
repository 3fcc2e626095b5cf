// SPDX-License-Identifier: Apache-2.0

#if hasFeature(Embedded)
  /// What only instructions can do, as functions that the kernel's assembly provides.
  ///
  /// They are called with interrupts enabled, from any CPU, and may be called before the other CPUs
  /// run: as long as ``MetalMachine/cpuCount`` is 1, nothing is sent to others.
  @safe
  public struct MetalHooks: Sendable {
    /// Work for another CPU: a function and what it is to be called with.
    public typealias Work = @convention(c) (UnsafeMutableRawPointer) -> Void

    /// Makes the calling CPU forget the translation of the page that holds an address.
    public var invalidatePage: @convention(c) (_ address: UInt) -> Void
    /// Makes the calling CPU forget all translations, global ones too.
    public var invalidateAll: @convention(c) () -> Void
    /// Whether both invalidations reach every CPU by themselves and wait for them, as arm64's
    /// broadcast `TLBI …IS` with `DSB ISH` does; else the machine interrupts the other CPUs.
    public var invalidationsAreBroadcast: Bool
    /// Puts the physical address of the top table into the calling CPU's translation register.
    public var writeTranslationRoot: @convention(c) (_ table: UInt) -> Void
    /// The number of the calling CPU, counted from 0.
    public var currentCPU: @convention(c) () -> Int
    /// Interrupts one CPU, not the caller's, makes it do the work, and returns when it has.
    ///
    /// While it waits, the caller answers such interrupts of others.
    public var runOnCPU:
      @convention(c) (_ cpu: Int, _ work: Work, _ argument: UnsafeMutableRawPointer) -> Void
    /// Tells the processor that the caller spins.
    public var pause: @convention(c) () -> Void

    /// Collects the functions.
    public init(
      invalidatePage: @convention(c) (UInt) -> Void,
      invalidateAll: @convention(c) () -> Void,
      invalidationsAreBroadcast: Bool,
      writeTranslationRoot: @convention(c) (UInt) -> Void,
      currentCPU: @convention(c) () -> Int,
      runOnCPU: @convention(c) (Int, Work, UnsafeMutableRawPointer) -> Void,
      pause: @convention(c) () -> Void
    ) {
      self.invalidatePage = invalidatePage
      self.invalidateAll = invalidateAll
      self.invalidationsAreBroadcast = invalidationsAreBroadcast
      self.writeTranslationRoot = writeTranslationRoot
      self.currentCPU = currentCPU
      unsafe self.runOnCPU = runOnCPU
      self.pause = pause
    }
  }
#endif
