// SPDX-License-Identifier: Apache-2.0

/// A kernel whose behaviour was recorded.
///
/// - Linux: Debian's 6.1.192, 6.12.95 and 7.2.13.
public enum RecordedKernel: String, CaseIterable, Sendable {
  case v6_1 = "6.1"
  case v6_12 = "6.12"
  case v7_2 = "7.2"
}

extension RecordedKernel {
  /// Whether all optimised folios of a zone and order map their tails to one common frame.
  ///
  /// Before 7.2 each folio maps them to its own head frame (spec 05 section 18).
  var sharesTailsBetweenFolios: Bool { self == .v7_2 }

  /// Whether optimised gigantic pages of the boot are lost when they are given back.
  ///
  /// In 7.2.13 the shared tail keeps a reference to them: a defect, which a twin does not imitate.
  var losesGiganticBootPages: Bool { self == .v7_2 }

  /// How much the kernel's own totals vary from boot to boot of the same machine.
  ///
  /// - Unit: pages.
  var totalsSpread: Int { self == .v7_2 ? 16 : 0 }
}
