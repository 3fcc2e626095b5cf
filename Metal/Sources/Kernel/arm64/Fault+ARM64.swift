// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  extension Fault {
    /// What happened, in words.
    static func name(of frame: InterruptFrame) -> StaticString {
      if frame.isOnUsedUpStack { return "a stack that is used up" }
      guard frame.vector == Vectors.exception else { return "unexpected interrupt" }
      return Syndrome(frame.error).name
    }
  }

#endif
