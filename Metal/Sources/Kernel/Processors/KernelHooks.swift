// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

extension MetalHooks {
  /// What the core needs of this kernel.
  static var kernel: MetalHooks {
    unsafe MetalHooks(
      invalidatePage: { metal_invalidate_page($0) },
      invalidateAll: {
        // Changing the bit drops global translations, too.
        // - Source: Intel SDM volume 3, 4.10.4.1.
        let cr4 = metal_read_cr4()
        metal_write_cr4(cr4 & ~UInt64(METAL_CR4_PGE))
        metal_write_cr4(cr4)
      },
      invalidationsAreBroadcast: false,
      writeTranslationRoot: { CoreTables.use($0) },
      currentCPU: { Int(metal_current_cpu()) },
      runOnCPU: { unsafe CrossCalls.run(on: $0, $1, $2) },
      pause: { metal_pause() })
  }
}
