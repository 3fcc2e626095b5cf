// SPDX-License-Identifier: Apache-2.0

extension TextSink {
  /// Appends `value` in decimal, in a column of at least `width` bytes.
  public mutating func appendDecimal(_ value: UInt, width: Int = 0, side: Side = .right) {
    appendNumber(magnitude: value, isNegative: false, width: width, side: side)
  }

  /// Appends `value` in decimal with a minus sign if it is negative.
  public mutating func appendDecimal(signed value: Int, width: Int = 0, side: Side = .right) {
    appendNumber(magnitude: value.magnitude, isNegative: value < 0, width: width, side: side)
  }

  /// Appends `value` in lower-case hexadecimal without prefix, filled with zeros up to `digits`.
  public mutating func appendHex(_ value: UInt, digits: Int = 1) {
    let used = max(1, (UInt.bitWidth - value.leadingZeroBitCount + 3) / 4)
    for _ in 0..<max(0, digits - used) { append(byte: ASCII.zero) }
    for index in (0..<used).reversed() {
      let digit = UInt8(truncatingIfNeeded: (value >> UInt(4 * index)) & 0xF)
      append(byte: digit < 10 ? ASCII.zero + digit : 0x57 + digit)
    }
  }

  /// Appends `byteCount` in the largest binary unit that it fills, with three significant digits.
  ///
  /// `2.00 MiB`, `64.0 KiB`, `512 MiB`: how the kernel names huge page sizes in its log.
  ///
  /// - Linux: `string_get_size()` with `STRING_UNITS_2`; spec 06 section 12.
  public mutating func appendBinarySize(_ byteCount: UInt) {
    let unit = byteCount == 0 ? 0 : (UInt.bitWidth - 1 - byteCount.leadingZeroBitCount) / 10
    var shift = UInt(10 * unit)
    var whole = byteCount >> shift
    var rest = byteCount & ((1 << shift) - 1)
    // Forty bits of the rest are plenty for two digits, and leave room to multiply.
    if shift > 40 {
      rest >>= shift - 40
      shift = 40
    }
    let scale: UInt = byteCount == 0 ? 1 : whole < 10 ? 100 : whole < 100 ? 10 : 1
    var fraction = (rest * scale + ((1 << shift) >> 1)) >> shift
    if fraction == scale, byteCount != 0 {
      whole += 1
      fraction = 0
    }
    appendDecimal(whole)
    appendFraction(fraction, scale: scale)
    append(Self.binaryUnits[unit])
  }

  /// The names of the binary units with the blank before them, by power of 1024.
  private static var binaryUnits: [7 of StaticString] {
    [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]
  }

  /// Appends `fraction` of `scale` (1, 10 or 100) behind a decimal point; nothing for scale 1.
  private mutating func appendFraction(_ fraction: UInt, scale: UInt) {
    guard scale > 1 else { return }
    append(byte: ASCII.point)
    if scale == 100, fraction < 10 { append(byte: ASCII.zero) }
    appendDecimal(fraction)
  }

  /// Appends the digits of `magnitude` with an optional sign, padded to `width`.
  private mutating func appendNumber(magnitude: UInt, isNegative: Bool, width: Int, side: Side) {
    var digits = 1
    var rest = magnitude / 10
    var divisor: UInt = 1
    while rest > 0 {
      digits += 1
      rest /= 10
      divisor *= 10
    }
    let blanks = width - digits - (isNegative ? 1 : 0)
    if side == .right { appendBlanks(blanks) }
    if isNegative { append(byte: ASCII.minus) }
    while divisor > 0 {
      append(byte: ASCII.zero + UInt8(truncatingIfNeeded: magnitude / divisor % 10))
      divisor /= 10
    }
    if side == .left { appendBlanks(blanks) }
  }
}
