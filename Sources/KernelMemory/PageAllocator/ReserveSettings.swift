// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How much memory zones keep back, as far as an administrator has a say in it.
///
/// Allocations read the settings, and the marks computed from them, at any time; one writer at a
/// time changes them, under ``lock``, by ``PageAllocator/changeReserves(_:)``.
///
/// - Linux: the variables behind `/proc/sys/vm/min_free_kbytes` and its neighbours.
final class ReserveSettings: Sendable {
  /// Held while the settings change and marks are computed from them.
  let lock = SpinLock()
  /// The reserve that the watermarks of all zones share out.
  ///
  /// - Unit: KiB.
  /// - Linux: `min_free_kbytes`.
  let minimumFreeKiB = Atomic<UInt>(0)
  /// How far a zone's marks are apart at least.
  ///
  /// - Unit: ten-thousandths of the zone's managed pages.
  /// - Linux: `watermark_scale_factor`.
  let scaleFactor = Atomic<UInt>(10)
  /// The part of a zone that all CPUs' lists may hold, as a divisor; 0 to go by the low mark.
  ///
  /// - Linux: `percpu_pagelist_high_fraction`.
  let listFraction = Atomic<UInt>(0)
  private let ratios: [5 of Atomic<UInt>]

  /// Settings as boot leaves them.
  ///
  /// - Source: spec 02 section 4.
  init() {
    ratios = InlineArray { kind in
      let defaults: [5 of UInt] = [256, 256, 32, 0, 0]
      return Atomic(defaults[kind])
    }
  }

  /// The divisor by which higher zones' memory is kept back from zones of `kind`; 0 for none.
  ///
  /// - Linux: `sysctl_lowmem_reserve_ratio[]`.
  @inline(__always)
  func reserveRatio(of kind: ZoneKind) -> UInt {
    ratios[Int(kind.rawValue)].load(ordering: .relaxed)
  }

  /// Sets the divisor for zones of `kind`.
  func setReserveRatio(_ ratio: UInt, of kind: ZoneKind) {
    ratios[Int(kind.rawValue)].store(ratio, ordering: .relaxed)
  }
}
