// SPDX-License-Identifier: Apache-2.0

/// A part of all memory, as `kernelcore=` and `movablecore=` give it.
///
/// - Linux: `cmdline_parse_core()`.
public enum MemoryShare: Equatable, Sendable {
  /// So many bytes.
  case bytes(UInt)
  /// So many hundredths of all memory; above 100 means all.
  case percent(UInt)
  /// The mirrored memory. Only for `kernelcore=`.
  case mirrored

  /// Reads a size or a number with a percent sign; text that is neither is a size of zero.
  init(_ text: ArraySlice<UInt8>) {
    let number = Parsing.autoBaseDigits(text)
    if text.dropFirst(number.byteCount).first == ASCII.percent {
      self = .percent(number.value)
    } else {
      self = .bytes(Parsing.memorySize(text).byteCount)
    }
  }

  /// Reads the value of `kernelcore=`, which stays with mirrored memory once a list names it.
  ///
  /// - Linux: `cmdline_parse_kernelcore()`.
  init(kernelText text: ArraySlice<UInt8>, after earlier: Self?) {
    let namesMirror = text.split(separator: ASCII.comma).contains {
      ("mirror" as StaticString).isEqual(to: $0)
    }
    self = namesMirror || earlier == .mirrored ? .mirrored : Self(text)
  }

  /// The pages that the share is of `pageCount`; `nil` for mirrored memory, which only the map knows.
  public func pageCount(of pageCount: UInt, pageSize: PageSize) -> UInt? {
    switch self {
    case .bytes(let byteCount):
      return byteCount >> pageSize.shift
    case .percent(let percent):
      let parts = pageCount.multipliedFullWidth(by: min(percent, 100))
      return UInt(100).dividingFullWidth(parts).quotient
    case .mirrored:
      return nil
    }
  }
}
