// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Foundation

/// One way in which the text of a file goes wrong.
struct Damage: CustomStringConvertible {
  let description: String
  /// The text, damaged.
  let apply: @Sendable (String) -> [UInt8]

  /// Numbers that no file has, or that do not fit.
  static let numbers = [
    "-1", "0", "1", "4096", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "10000000000000000000000000000000000000000", "1e400", "x", "",
  ]

  /// Damage that needs no thought about what the file says.
  static let blunt: [Damage] =
    [
      Damage(description: "empty") { _ in [] },
      Damage(description: "one newline") { _ in [0x0A] },
      Damage(description: "NUL bytes") { _ in [UInt8](repeating: 0, count: 4096) },
      Damage(description: "no UTF-8") { text in Array(text.utf8).map { $0 | 0x80 } },
      Damage(description: "cut in the middle") { text in
        Array(text.utf8.prefix(text.utf8.count / 2))
      },
      Damage(description: "without the last byte") { text in Array(text.utf8.dropLast(2)) },
      Damage(description: "twice") { text in Array((text + text).utf8) },
      Damage(description: "one line of a mebibyte") { text in
        Array(text.utf8).filter { $0 != 0x0A } + [UInt8](repeating: 0x39, count: 1 << 20)
      },
      Damage(description: "escape sequences") { text in Array("\u{1B}[2J\u{7}\(text)".utf8) },
    ] + (0..<4).map { seed in garbage(seed: seed) }
    + numbers.map { number in
      Damage(description: "each number '\(number)'") { text in
        Array(text.replacing(/[0-9]+/, with: number).utf8)
      }
    }

  private static func garbage(seed: UInt64) -> Damage {
    Damage(description: "garbage of seed \(seed)") { text in
      var numbers = SplitMix(seed: seed)
      return (0..<max(64, text.utf8.count)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    }
  }

  /// One number of the text, chosen by `seed`, is another.
  static func oneNumber(seed: UInt64) -> Damage {
    Damage(description: "one number of seed \(seed)") { text in
      var numbers = SplitMix(seed: seed)
      let places = text.ranges(of: /[0-9]+/)
      guard let place = places.randomElement(using: &numbers),
        let number = Self.numbers.randomElement(using: &numbers)
      else { return Array(text.utf8) }
      return Array(text.replacingCharacters(in: place, with: number).utf8)
    }
  }
}

extension String {
  /// Whether a terminal would only show the text.
  var isHarmless: Bool {
    unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}
