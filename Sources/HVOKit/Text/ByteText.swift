// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them: `1,315` and `35.9 MiB`.
enum ByteText {
  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// `byteCount` rounded to three digits, in the largest unit that leaves one before the point; a
  /// whole number of units shows without decimals.
  static func short(_ byteCount: UInt) -> String {
    var unit = 0
    while unit < units.count - 1, byteCount >> (10 * UInt(unit + 1)) > 0 { unit += 1 }
    let size = UInt(1) << (10 * UInt(unit))
    if byteCount % size == 0 { return "\(byteCount / size) \(units[unit])" }
    let value = Double(byteCount) / Double(size)
    if value < 9.995 { return "\(decimals(value, 100, 2)) \(units[unit])" }
    if value < 99.95 { return "\(decimals(value, 10, 1)) \(units[unit])" }
    let whole = UInt(value.rounded())
    // What rounds up to the next unit is one of it.
    return whole == 1024 && unit < units.count - 1
      ? "1.00 \(units[unit + 1])" : "\(whole) \(units[unit])"
  }

  /// `value` with `places` decimals; `scale` is ten to their power.
  private static func decimals(_ value: Double, _ scale: UInt, _ places: Int) -> String {
    let scaled = UInt((value * Double(scale)).rounded())
    let rest = String(scaled % scale)
    return "\(scaled / scale).\(String(repeating: "0", count: places - rest.count))\(rest)"
  }

  /// A number of bytes that may be negative, always with a sign.
  static func signed(_ byteCount: Int) -> String {
    byteCount == 0 ? "0 B" : (byteCount < 0 ? "−" : "+") + short(byteCount.magnitude)
  }

  /// `number` with commas between groups of three digits.
  static func grouped(_ number: UInt) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A size of huge pages as people name it: `2M`, `1G`, `64K`.
  static func pageSize(_ byteCount: UInt) -> String {
    for (shift, letter) in [(30, "G"), (20, "M"), (10, "K")] as [(UInt, String)]
    where byteCount >= 1 << shift && byteCount & ((1 << shift) - 1) == 0 {
      return "\(byteCount >> shift)\(letter)"
    }
    return "\(byteCount)"
  }

  /// `count` and the word that fits it.
  static func count(_ count: UInt, _ singular: String, _ plural: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? singular : plural ?? singular + "s")"
  }
}
