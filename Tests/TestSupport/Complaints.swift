// SPDX-License-Identifier: Apache-2.0

public import KernelMemory
import KernelMemoryLab

extension MemorySubsystem {
  /// Whatever is wrong with the subsystem, a line for each violation, so that a test that fails says
  /// what was found: `#expect(host.complaints == [])`.
  public var complaints: [String] { checkInvariants().map { $0.text } }
}
