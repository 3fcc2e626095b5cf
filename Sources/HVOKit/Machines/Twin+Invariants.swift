// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension Twin {
  /// The invariants that do not hold now; empty if all is well.
  var findings: [InvariantFinding] {
    subsystem.checkInvariants().map { InvariantFinding($0) }
  }
}
