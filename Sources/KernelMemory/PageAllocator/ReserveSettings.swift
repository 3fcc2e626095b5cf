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
  let lock = SpinLock(.reserves)
  /// The reserve that the watermarks of all zones share out.
  ///
  /// - Unit: KiB.
  /// - Linux: `min_free_kbytes`.
  let minimumFreeKiB = Atomic<UInt>(0)
  /// The reserve that an administrator has asked for; 0 if nobody has.
  ///
  /// - Unit: KiB.
  /// - Linux: `user_min_free_kbytes`.
  let wantedFreeKiB = Atomic<UInt>(0)
  /// How far a zone's marks are apart at least.
  ///
  /// - Unit: ten-thousandths of the zone's managed pages.
  /// - Linux: `watermark_scale_factor`.
  let scaleFactor = Atomic<UInt>(10)
  /// The part of a zone that all CPUs' lists may hold, as a divisor; 0 to go by the low mark.
  ///
  /// - Linux: `percpu_pagelist_high_fraction`.
  let listFraction = Atomic<UInt>(0)
  // One by one: the Embedded compiler crashes on an inline array of atomics.
  private let dmaRatio = Atomic<UInt>(256)
  private let dma32Ratio = Atomic<UInt>(256)
  private let normalRatio = Atomic<UInt>(32)
  private let movableRatio = Atomic<UInt>(0)
  private let deviceRatio = Atomic<UInt>(0)

  /// Settings as boot leaves them.
  ///
  /// - Source: spec 02 section 4.
  init() {}

  /// The divisor by which higher zones' memory is kept back from zones of `kind`; 0 for none.
  ///
  /// - Linux: `sysctl_lowmem_reserve_ratio[]`.
  func reserveRatio(of kind: ZoneKind) -> UInt {
    switch kind {
    case .dma: dmaRatio.load(ordering: .relaxed)
    case .dma32: dma32Ratio.load(ordering: .relaxed)
    case .normal: normalRatio.load(ordering: .relaxed)
    case .movable: movableRatio.load(ordering: .relaxed)
    case .device: deviceRatio.load(ordering: .relaxed)
    }
  }

  /// Sets the divisor for zones of `kind`.
  func setReserveRatio(_ ratio: UInt, of kind: ZoneKind) {
    switch kind {
    case .dma: dmaRatio.store(ratio, ordering: .relaxed)
    case .dma32: dma32Ratio.store(ratio, ordering: .relaxed)
    case .normal: normalRatio.store(ratio, ordering: .relaxed)
    case .movable: movableRatio.store(ratio, ordering: .relaxed)
    case .device: deviceRatio.store(ratio, ordering: .relaxed)
    }
  }
}
