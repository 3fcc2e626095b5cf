// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// What the kernel does when a CPU is interrupted.
  enum Interrupts {
    /// Handles one interrupt or exception; returns if the interrupted code can go on.
    static func handle(_ frame: InterruptFrame) {
      switch frame.vector {
      case Vectors.work: CrossCalls.answer()
      case Vectors.spurious: return
      case Vectors.pageFault: handlePageFault(frame)
      default:
        if !FaultFixups.resume(frame, address: nil) { Fault.report(frame, address: nil) }
      }
    }

    /// The bit of the error code that says that a page was there, but not for this.
    ///
    /// - Source: Intel SDM volume 3, figure 4-12.
    private static var wasPresent: UInt { 1 << 0 }

    private static func handlePageFault(_ frame: InterruptFrame) {
      let address = UInt(metal_read_cr2())
      if frame.error & wasPresent == 0, isThereNow(address) { return }
      if FaultFixups.resume(frame, address: address) { return }
      Fault.report(frame, address: address)
    }

    /// Whether what was missing can be found: taken over from the core's tables, by this CPU or by one
    /// that missed it at the same moment.
    private static func isThereNow(_ address: UInt) -> Bool {
      CoreTables.adopt(address) || KernelMemoryMap.look(at: address) != nil
    }
  }

  /// Where vectors.S goes on.
  @c(kernel_interrupted)
  public func interrupted(_ frame: UnsafeMutableRawPointer) {
    unsafe Interrupts.handle(InterruptFrame(frame.assumingMemoryBound(to: metal_frame.self)))
  }

#endif
