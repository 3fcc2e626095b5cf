// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// What the core needs of this kernel.
enum KernelHooks {
  /// Whether CPUs other than the first ignore flushes, to show what comes of it.
  nonisolated(unsafe) static var isDeaf = false

  /// Whether the CPU that runs this flushes.
  fileprivate static var listens: Bool { unsafe !isDeaf || metal_current_cpu() == 0 }
}

extension MetalHooks {
  /// What the core needs of this kernel.
  static var kernel: MetalHooks {
    unsafe MetalHooks(
      invalidatePage: { if KernelHooks.listens { metal_invalidate_page($0) } },
      invalidateAll: { if KernelHooks.listens { metal_invalidate_all() } },
      invalidationsAreBroadcast: Architecture.invalidationsAreBroadcast,
      writeTranslationRoot: { CoreTables.use($0) },
      currentCPU: { Int(metal_current_cpu()) },
      runOnCPU: { unsafe CrossCalls.run(on: $0, $1, $2) },
      pause: { metal_pause() })
  }
}
