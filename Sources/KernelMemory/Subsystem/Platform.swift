// SPDX-License-Identifier: Apache-2.0

/// What an architecture's firmware and history keep out of memory.
///
/// - Source: spec 01 sections 1 and 3.
struct Platform: Sendable {
  /// Where zones begin and end.
  var zones: ZoneLimits
  /// Addresses that count as no memory, whatever the firmware says.
  var holes: [Range<PhysicalAddress>]
  /// Addresses that the kernel never gives out.
  var reserved: [Range<PhysicalAddress>]
  /// The room for the kernel command line, its end included; what is longer is cut off.
  ///
  /// - Unit: bytes.
  /// - Linux: `COMMAND_LINE_SIZE`.
  var commandLineLimit = 2048

  /// The platform of `regime`.
  static func platform(for regime: TranslationRegime) -> Platform {
    switch regime {
    case .x86FourLevel, .x86FiveLevel: x86
    case .arm64: Platform(zones: .dma32Only, holes: [], reserved: [])
    case .riscv: Platform(zones: .dma32Only, holes: [], reserved: [], commandLineLimit: 1024)
    case .powerRadix: Platform(zones: .none, holes: [], reserved: [])
    }
  }

  /// Page 0 and the adapters' window are no memory; the rest of the first mebibyte is reserved.
  private static let x86 = Platform(
    zones: .x86,
    holes: [
      PhysicalAddress(0)..<PhysicalAddress(0x1000),
      PhysicalAddress(0xA_0000)..<PhysicalAddress(0x10_0000),
    ],
    reserved: [PhysicalAddress(0)..<PhysicalAddress(0x10_0000)])
}
