// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them: `1,315` and `35.9 MiB`.
enum ByteText {
  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// `byteCount` with three digits at least, in the largest unit that leaves one before the point.
  static func short(_ byteCount: UInt) -> String {
    var unit = 0
    while unit < units.count - 1, byteCount >> (10 * UInt(unit + 1)) > 0 { unit += 1 }
    guard unit > 0 else { return "\(byteCount) B" }
    let whole = byteCount >> (10 * UInt(unit))
    let rest = byteCount & ((1 << (10 * UInt(unit))) - 1)
    let hundredths = min(99, UInt(Double(rest) / Double(1 << (10 * UInt(unit))) * 100))
    if hundredths == 0 { return "\(whole) \(units[unit])" }
    if whole >= 100 { return "\(whole).\(hundredths / 10) \(units[unit])" }
    return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths) \(units[unit])"
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
