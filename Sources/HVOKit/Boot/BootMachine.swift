// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// The machine that a kernel is booted on.
struct BootMachine: Equatable, Sendable {
  var architecture: BootArchitecture
  /// - Unit: bytes, of which there are whole pages for each node.
  var memory: UInt = usualMemory
  var cpuCount: UInt = usualCPUs
  /// How many nodes share the memory evenly.
  var nodeCount: UInt = 1
  /// QEMU's name for the board; nil for the usual one.
  var board: String?
  /// Whether page tables have no more than four levels, whatever the processor could do.
  var hasFourLevels = false

  static let usualMemory: UInt = 12 << 30
  static let usualCPUs: UInt = 4

  /// The usual machine.
  init(_ architecture: BootArchitecture) { self.architecture = architecture }

  /// A machine that the script's own fits into: the kernel cuts it from the front of this one, and
  /// lies at the end itself.
  init(_ architecture: BootArchitecture, for setup: ScriptSetup) {
    self.init(architecture)
    guard let wanted = setup.machine else { return }
    // The kernel takes a 128th at most, and not less than 24 MiB; its block has no holes.
    let span = wanted.spanByteCount
    let (sum, isTooLarge) = span.addingReportingOverflow(span / 128 + (1 << 30))
    if !isTooLarge, sum > memory { memory = sum.rounded(up: 1 << 30) }
    cpuCount = max(cpuCount, min(UInt(wanted.cpuCount), architecture.mostCPUs))
    // The levels are the processor's.
    hasFourLevels = wanted.format.regime != .x86FiveLevel
  }
}

extension UInt {
  /// The number, or the next one that is a multiple of `granule`.
  fileprivate func rounded(up granule: UInt) -> UInt { (self + granule - 1) / granule * granule }
}
