// SPDX-License-Identifier: Apache-2.0

/// How far requests may empty a zone.
///
/// - Unit: base pages.
/// - Linux: `zone->_watermark` (spec 02 section 4).
public struct Watermarks: Equatable, Sendable {
  public var min: UInt = 0
  public var low: UInt = 0
  public var high: UInt = 0
  public var promo: UInt = 0
}

/// The mark above which a request leaves a zone.
enum KeptMark: Sendable {
  /// What zones want to have; another zone is asked first.
  case low
  /// What they need; who may dig deeper does.
  case minimum
}

/// How one kernel shares its reserve out, as data.
public struct ReservePolicy: Sendable {
  /// Whether movable zones have their share of the reserve; otherwise they keep next to nothing back,
  /// as nothing that the kernel needs in an emergency comes from there.
  public var movableZonesShare: Bool

  /// Linux 5.14 and 6.1.
  public static let linux6_1 = Self(movableZonesShare: true)
  /// Linux 6.12, and all that came later.
  public static let linux6_12 = Self(movableZonesShare: false)
}

/// How a kernel sizes its reserves.
enum WatermarkPolicy {
  /// The reserve for all zones together that a kernel chooses at boot.
  ///
  /// - Parameters:
  ///   - lowKiB: the memory outside the movable zone.
  ///   - populatedZones: the number of populated zones outside the movable zone.
  /// - Returns: KiB. Huge pages raise the square-root rule, as khugepaged does.
  static func minimumFreeKiB(
    lowKiB: UInt, populatedZones: UInt, pageblockPages: UInt, pageSize: PageSize
  ) -> UInt {
    let base = Swift.min(Swift.max(squareRoot(lowKiB &* 16), 128), 262_144)
    let pageKiB = pageSize.byteCount >> 10
    let wanted = 11 &* pageblockPages &* populatedZones &* pageKiB
    return Swift.max(base, Swift.min(wanted, lowKiB / 20))
  }

  /// The largest number whose square is not above `value`.
  static func squareRoot(_ value: UInt) -> UInt {
    var low: UInt = 0
    var high: UInt = 1 << 32
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if middle.multipliedReportingOverflow(by: middle).overflow || middle * middle > value {
        high = middle
      } else {
        low = middle
      }
    }
    return low
  }

  /// The marks of a zone.
  ///
  /// - Parameters:
  ///   - share: the zone's part of the reserve, in pages.
  ///   - managed: the zone's managed pages.
  ///   - scaleFactor: how far the marks are apart at least, in ten-thousandths of `managed`.
  static func watermarks(
    kind: ZoneKind, share: UInt, managed: UInt, scaleFactor: UInt
  ) -> Watermarks {
    let min = kind == .movable ? Swift.min(Swift.max(managed / 1024, 32), 128) : share
    let gap = Swift.max(share / 4, managed * scaleFactor / 10_000)
    return Watermarks(min: min, low: min + gap, high: min + 2 * gap, promo: min + 3 * gap)
  }
}
