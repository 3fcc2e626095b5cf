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

    private static func handlePageFault(_ frame: InterruptFrame) {
      let address = UInt(metal_read_cr2())
      if CoreTables.adopt(address) || FaultFixups.resume(frame, address: address) { return }
      Fault.report(frame, address: address)
    }
  }

  /// Where vectors.S goes on.
  @c(kernel_interrupted)
  public func interrupted(_ frame: UnsafeMutableRawPointer) {
    unsafe Interrupts.handle(InterruptFrame(frame.assumingMemoryBound(to: metal_frame.self)))
  }

#endif
