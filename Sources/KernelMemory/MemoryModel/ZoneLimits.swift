// SPDX-License-Identifier: Apache-2.0

/// Where an architecture's zones begin and end.
///
/// - Source: spec 01 section 3.
public struct ZoneLimits: Equatable, Sendable {
  /// The first byte above the DMA zone; nil if there is none.
  public var dmaEnd: PhysicalAddress?
  /// The first byte above the DMA32 zone; nil if there is none.
  public var dma32End: PhysicalAddress?

  /// x86-64: 16 MiB and 4 GiB.
  public static let x86 = Self(
    dmaEnd: PhysicalAddress(16 << 20), dma32End: PhysicalAddress(4 << 30))
  /// riscv64, and arm64 as commonly configured: 4 GiB.
  public static let dma32Only = Self(dmaEnd: nil, dma32End: PhysicalAddress(4 << 30))
  /// powerpc64: all memory is alike.
  public static let none = Self(dmaEnd: nil, dma32End: nil)

  /// The frames that may belong to a zone of `kind`, movable memory aside.
  func frames(of kind: ZoneKind, pageSize: PageSize, end: PageFrameNumber) -> FrameRange {
    let zero = PageFrameNumber(0)
    let dma = dmaEnd.map { min(pageSize.frame(containing: $0), end) } ?? zero
    let dma32 = dma32End.map { max(dma, min(pageSize.frame(containing: $0), end)) } ?? dma
    switch kind {
    case .dma: return zero..<dma
    case .dma32: return dma..<dma32
    case .normal: return dma32..<max(dma32, end)
    case .movable, .device: return end..<end
    }
  }

  /// The highest kind that some memory below `end` belongs to.
  func highestKind(pageSize: PageSize, end: PageFrameNumber) -> ZoneKind {
    for kind in [ZoneKind.normal, .dma32, .dma]
    where !frames(of: kind, pageSize: pageSize, end: end).isEmpty {
      return kind
    }
    return .normal
  }
}
