// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// What the kernel does when a CPU is interrupted.
  enum Interrupts {
    /// Handles one interrupt or exception; returns if the interrupted code can go on.
    static func handle(_ frame: InterruptFrame) {
      guard !frame.isOnUsedUpStack else { Fault.report(frame, address: frame.address) }
      switch frame.vector {
      case Vectors.interrupt: if InterruptController.takesWork() { CrossCalls.answer() }
      case Vectors.exception: handleException(frame, frame.address)
      default: Fault.report(frame, address: nil)
      }
    }

    private static func handleException(_ frame: InterruptFrame, _ address: UInt?) {
      if let address, Syndrome(frame.error).isTranslationFault, isThereNow(address) { return }
      if FaultFixups.resume(frame, address: address) { return }
      Fault.report(frame, address: address)
    }

    /// Whether what was missing can be found: taken over from the core's tables, or written by a CPU
    /// a moment ago. An entry that was made valid needs a barrier before the walk is sure to see it, and
    /// the core, which fills empty entries without one, gets it here.
    private static func isThereNow(_ address: UInt) -> Bool {
      if CoreTables.adopt(address) { return true }
      metal_publish_tables()
      return metal_translates(address) != 0
    }
  }

  /// Where vectors.S goes on.
  @c(kernel_interrupted)
  public func interrupted(_ frame: UnsafeMutableRawPointer) {
    unsafe Interrupts.handle(InterruptFrame(frame.assumingMemoryBound(to: metal_frame.self)))
  }

#endif
