// SPDX-License-Identifier: Apache-2.0

import Synchronization

// The files of /proc/sys/vm that say how much memory zones keep back (spec 02 section 4).

extension InterfaceTree {
  /// Does what a write to one of these files asks for, and sizes the reserves anew.
  ///
  /// - Returns: the bytes taken.
  func writeReserve(
    _ text: ArraySlice<UInt8>, to file: SysctlFile
  ) throws(InterfaceError) -> Int {
    if file == .lowmemReserveRatio { return writeReserveRatios(text) }
    let number = try sysctlInt(text)
    guard let value = UInt(exactly: number.value), accepts(value, file) else { throw .invalid }
    allocator.changeReserves { reserves in
      switch file {
      case .minimumFreeKiB:
        reserves.minimumFreeKiB.store(value, ordering: .relaxed)
        reserves.wantedFreeKiB.store(value, ordering: .relaxed)
      case .watermarkScaleFactor: reserves.scaleFactor.store(value, ordering: .relaxed)
      case .listFraction: reserves.listFraction.store(value, ordering: .relaxed)
      default: break
      }
    }
    return number.byteCount
  }

  private func accepts(_ value: UInt, _ file: SysctlFile) -> Bool {
    switch file {
    case .watermarkScaleFactor: (1...policy.largestScaleFactor).contains(value)
    // Lists that could hold more than an eighth of a zone would starve the other CPUs.
    case .listFraction: value == 0 || value >= 8
    default: true
    }
  }

  /// Sets the divisors of the first zones, as many as there are numbers.
  ///
  /// Whatever cannot be read ends the list, and is no error: the kernel's handler does not look.
  /// Numbers below 1 mean that nothing is kept back.
  ///
  /// - Linux: `lowmem_reserve_ratio_sysctl_handler()`.
  private func writeReserveRatios(_ text: ArraySlice<UInt8>) -> Int {
    var rest = text
    var ratios: [UInt] = []
    while ratios.count < ZoneKind.allCases.count, !rest.isEmpty,
      let number = try? Parsing.sysctlInt(rest)
    {
      ratios.append(UInt(max(number.value, 0)))
      rest = rest.dropFirst(number.byteCount)
    }
    guard !ratios.isEmpty else { return text.count }
    allocator.changeReserves { reserves in
      for (kind, ratio) in zip(ZoneKind.allCases, ratios) {
        reserves.setReserveRatio(ratio, of: kind)
      }
    }
    return text.count - rest.count
  }
}
