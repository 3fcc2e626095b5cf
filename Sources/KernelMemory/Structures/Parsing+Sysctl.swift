// SPDX-License-Identifier: Apache-2.0

extension Parsing {
  /// Reads the number that a write to an unsigned `/proc/sys` file stores.
  ///
  /// Spaces may stand before the number; it ends at a blank, tab or newline, and the spaces that
  /// follow are taken too: `4 5` stores 4 and takes two bytes. Signs are refused, and so is
  /// everything else that can go wrong, always as ``NumberError/invalid``.
  ///
  /// - Linux: `proc_doulongvec_minmax()`; spec 10 section 1.
  public static func sysctlUnsigned(
    _ text: ArraySlice<UInt8>
  ) throws(NumberError) -> Parsed<UInt> {
    let number = try sysctlNumber(text)
    guard !number.isNegative else { throw .invalid }
    return Parsed(value: number.magnitude, byteCount: number.byteCount)
  }

  /// Reads the number that a write to a signed 32-bit `/proc/sys` file stores.
  ///
  /// As ``sysctlUnsigned(_:)``, with an optional minus sign.
  ///
  /// - Linux: `proc_dointvec()`.
  public static func sysctlInt(_ text: ArraySlice<UInt8>) throws(NumberError) -> Parsed<Int32> {
    let number = try sysctlNumber(text)
    let limit = UInt(Int32.max) + (number.isNegative ? 1 : 0)
    guard number.magnitude <= limit else { throw .invalid }
    let magnitude = Int(bitPattern: number.magnitude)
    let value = Int32(truncatingIfNeeded: number.isNegative ? 0 - magnitude : magnitude)
    return Parsed(value: value, byteCount: number.byteCount)
  }

  /// Reads the switch that a write to a boolean `/proc/sys` file stores: any number but 0 is on.
  ///
  /// - Linux: `proc_dobool()`.
  public static func sysctlBool(_ text: ArraySlice<UInt8>) throws(NumberError) -> Parsed<Bool> {
    let number = try sysctlInt(text)
    return Parsed(value: number.value != 0, byteCount: number.byteCount)
  }

  private struct SysctlNumber {
    let magnitude: UInt
    let isNegative: Bool
    let byteCount: Int
  }

  /// The most bytes that one number may have, sign and prefix included.
  ///
  /// - Linux: one less than `TMPBUFLEN` of `proc_get_long()`, minus the byte it must see after.
  private static let longestSysctlNumber = 20

  private static func endsSysctlNumber(_ byte: UInt8) -> Bool {
    byte == ASCII.space || byte == ASCII.tab || byte == ASCII.newline
  }

  private static func sysctlNumber(_ text: ArraySlice<UInt8>) throws(NumberError) -> SysctlNumber {
    let signed = text.skippingSpaces
    // A lone minus sign is not a sign to the kernel, and no digit either.
    let isNegative = signed.first == ASCII.minus
    let unsigned = isNegative ? signed.dropFirst() : signed
    let number = autoBaseDigits(unsigned)
    let end = unsigned.startIndex + number.byteCount
    guard number.byteCount > 0, !number.overflowed,
      end - signed.startIndex <= longestSysctlNumber
    else { throw .invalid }
    guard end == text.endIndex || endsSysctlNumber(text[end]) else { throw .invalid }
    let taken = text[end...].skippingSpaces.startIndex - text.startIndex
    return SysctlNumber(magnitude: number.value, isNegative: isNegative, byteCount: taken)
  }
}
