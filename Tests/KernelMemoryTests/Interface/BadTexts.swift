// SPDX-License-Identifier: Apache-2.0

/// Texts that people, scripts and attackers write to files that want a number or a word.
enum BadTexts {
  /// The ones that somebody thought of.
  static let table: [[UInt8]] =
    [
      "", "\n", " ", "   \n", "\t", "\0", "\0\0\0", "-", "+", "-0", "+0", "--1", "+-1", "-1",
      "-5\n",
      "0", "00", "007", "08", "0x", "0x10", "0X1f", "0xg", "x10", "1", "1\n", "1\n\n", "1 ", " 1",
      "1 2", "1\t2", "1\n2", "1\r\n", "\r1", "1\0", "1\0garbage", "1\n\0", "1;2", "1,2", "0:", ":3",
      "9999:1", "0:1,0:2", "0-", "0-1", "1.5", "1e3", "1_000", "1M", "2M", "2048kB", "2m\n", "1G",
      "4K", "on", "off", "yes", "no", "true", "y", "N", "online", "offline", "offline\n",
      "offline\0",
      "online_movable", "onlinex", "Online", "garbage", "12garbage", "garbage12", "$((1+1))",
      "255", "256", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
      "4294967296", "4611686018427387904", "9223372036854775807", "9223372036854775808",
      "18446744073709551615", "18446744073709551616", "00000000000000000000000000000000000000001",
      "10000000000000000000000000000000000000000", "0xffffffffffffffff", "0x10000000000000000",
      "-9223372036854775808", "-18446744073709551615", "99999E", "0x7fffffffffffffffE", "١٢",
      "１", "−1", "🧠", "\u{FEFF}1", "1\u{A0}", "swappiness=60", "4096 swappiness=60",
    ].map { Array($0.utf8) }
    + [
      [0xFF], [0xFF, 0xFE, 0x31], [0x31, 0xFF], [0x80, 0x31], Array(0...255), [0x31, 0x0B],
      [0x0B, 0x31],
      [0x31, 0x00, 0x32, 0x0A], Array(repeating: 0x00, count: 5000),
    ]

  /// Texts that are longer than anything a file would take.
  static let long: [[UInt8]] = [
    Array(repeating: 0x39, count: 1 << 20), Array(repeating: 0x30, count: 1 << 20),
    Array(repeating: 0x20, count: 1 << 20), [0x35] + Array(repeating: 0x20, count: 1 << 20),
    Array(repeating: 0x20, count: 1 << 20) + [0x35],
    [0x35, 0x20] + Array(repeating: 0x78, count: 1 << 20),
    Array(repeating: 0x00, count: 1 << 20), Array(repeating: 0x0A, count: 4096),
    Array(repeating: 0x31, count: 4095), Array(repeating: 0x31, count: 4097),
    [0x35] + Array(repeating: 0x0A, count: 4095), [0x31] + Array(repeating: 0x20, count: 4 << 20),
    [0x31, 0x0A] + Array(repeating: 0x00, count: 4094),
  ]

  private static let pieces: [[UInt8]] =
    [
      "0", "1", "7", "9", "42", "0x", "-", "+", " ", "\t", "\n", "\0", "\r", ":", ",", "k", "M",
      "G",
      "kB", "E", "18446744073709551615", "9223372036854775808", "00000000000000000000", "on", "off",
      "line", "online", "_movable", "swappiness=", "max", "x", "é", "%", "/", "'",
    ].map { Array($0.utf8) } + [[0xFF], [0x80], [0x0B]]

  /// A text made of up to six pieces; the same for the same random numbers.
  static func random(_ random: inout BootRandom) -> [UInt8] {
    var text: [UInt8] = []
    for _ in 0..<random.below(7) { text += pieces[Int(random.below(UInt(pieces.count)))] }
    return text
  }

  /// A text as a Swift literal, cut where it gets long.
  static func described(_ text: [UInt8]) -> String {
    let shown = String(decoding: text.prefix(60), as: UTF8.self).debugDescription
    return text.count > 60 ? "\(shown)… (\(text.count) bytes)" : shown
  }
}
