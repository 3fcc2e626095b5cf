// SPDX-License-Identifier: Apache-2.0

/// What a write comes to.
enum Answer: Equatable, CustomStringConvertible {
  /// So many bytes were taken, and this is what they say.
  case taken(Int, value: UInt?)
  /// Nothing changed.
  case refused(String)

  /// As ``FileHost/writing(_:_:)`` tells it.
  var description: String {
    switch self {
    case .taken(let count, _): "\(count)"
    case .refused(let error): error
    }
  }
}

/// How kernels read what is written to their files, slowly and obviously: a second opinion that
/// shares no code with the parsers.
///
/// - Source: spec 10 section 1.
enum AnswerModel {
  private static let pageByteCount = 4096

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(bytes.map { Character(Unicode.Scalar($0)) })
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [9, 10, 11, 12, 13, 32].contains(byte) }

  /// The run of digits at the start, and what base they are in if the text may say so.
  private static func number(
    _ bytes: ArraySlice<UInt8>, autoBase: Bool
  ) -> (digits: String, radix: Int, length: Int) {
    var radix = 10
    var rest = bytes
    if autoBase, bytes.first == 0x30 {
      let next = bytes.dropFirst().first
      let third = bytes.dropFirst(2).first
      let isHex =
        next.map { $0 | 0x20 } == 0x78
        && third.map { Character(Unicode.Scalar($0)) }?
          .isHexDigit == true
        && third.map { $0 < 0x80 } == true
      radix = isHex ? 16 : 8
      if isHex { rest = rest.dropFirst(2) }
    }
    let digits = rest.prefix { byte in
      byte < 0x80 && (Character(Unicode.Scalar(byte)).hexDigitValue ?? 99) < radix
    }
    return (text(digits), radix, bytes.count - rest.count + digits.count)
  }

  /// A count under `/sys`: decimal, an optional plus, an optional newline, up to a NUL.
  static func sysfs(_ bytes: [UInt8]) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    let part = bytes.prefix(pageByteCount)
    var line = part.prefix { $0 != 0 }
    if line.first == 0x2B { line = line.dropFirst() }
    let found = number(line, autoBase: false)
    if found.digits.isEmpty { return .refused("EINVAL") }
    guard let value = UInt(found.digits) else { return .refused("ERANGE") }
    let rest = Array(line.dropFirst(found.length))
    return rest == [] || rest == [10]
      ? .taken(part.count, value: value) : .refused("EINVAL")
  }

  /// The first number of a text for `/proc/sys`: any base, spaces around it.
  ///
  /// - Returns: the number, whether it is negative, and the bytes taken; nil if it is refused.
  private static func sysctlNumber(
    _ bytes: ArraySlice<UInt8>
  ) -> (value: UInt, isNegative: Bool, taken: Int)? {
    let start = bytes.drop(while: isSpace)
    let isNegative = start.first == 0x2D
    let found = number(isNegative ? start.dropFirst() : start, autoBase: true)
    let length = found.length + (isNegative ? 1 : 0)
    guard let value = UInt(found.digits, radix: found.radix), length <= 20 else { return nil }
    let rest = start.dropFirst(length)
    if let next = rest.first, ![32, 9, 10].contains(next) { return nil }
    return (value, isNegative, bytes.count - rest.drop(while: isSpace).count)
  }

  /// One number under `/proc/sys` within bounds.
  static func sysctl(_ bytes: [UInt8], _ bounds: ClosedRange<Int128>) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    if bytes.count >= 4 << 20 { return .refused("ENOMEM") }
    let part = bytes.prefix(pageByteCount - 1)
    guard let found = sysctlNumber(part) else { return .refused("EINVAL") }
    // To a kernel, minus zero of an unsigned number is negative all the same.
    let value = found.isNegative ? -Int128(found.value) : Int128(found.value)
    if found.isNegative, bounds.upperBound > Int128(Int32.max) { return .refused("EINVAL") }
    guard bounds.contains(value) else { return .refused("EINVAL") }
    return .taken(found.taken + bytes.count - part.count, value: UInt(exactly: value))
  }

  /// Up to five divisors; what cannot be read ends them and is no error.
  static func ratios(_ bytes: [UInt8]) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    if bytes.count >= 4 << 20 { return .refused("ENOMEM") }
    let part = bytes.prefix(pageByteCount - 1)
    var rest = part
    for index in 0..<5 where !rest.isEmpty {
      guard let found = sysctlNumber(rest),
        found.value <= UInt(Int32.max) + (found.isNegative ? 1 : 0)
      else { return .taken(index == 0 ? bytes.count : bytes.count - rest.count, value: nil) }
      rest = rest.dropFirst(found.taken)
    }
    return .taken(bytes.count - rest.count, value: nil)
  }

  /// A size with a suffix, which must be `wanted`; what follows does not matter.
  static func size(_ bytes: [UInt8], wanted: UInt) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    let part = bytes.prefix(pageByteCount)
    let line = part.prefix { $0 != 0 }
    let found = number(line, autoBase: true)
    guard var value = UInt(found.digits, radix: found.radix) else { return .refused("EINVAL") }
    let units: [Character] = ["k", "m", "g", "t", "p", "e"]
    if let suffix = line.dropFirst(found.length).first, suffix >= 0x41,
      let power = units.firstIndex(of: Character(Unicode.Scalar(suffix | 0x20)))
    {
      for _ in 0...power {
        let (product, overflow) = value.multipliedReportingOverflow(by: 1024)
        if overflow { return .refused("EINVAL") }
        value = product
      }
    }
    return value == wanted ? .taken(part.count, value: nil) : .refused("EINVAL")
  }

  /// One of some words, with an optional newline, up to a NUL.
  static func word(_ bytes: [UInt8], _ words: [String: Answer]) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    let part = bytes.prefix(pageByteCount)
    var line = text(part.prefix { $0 != 0 })
    if line.last == "\n" { line.removeLast() }
    switch words[line] {
    case .taken: return .taken(part.count, value: nil)
    case .refused(let error): return .refused(error)
    case nil: return .refused("EINVAL")
    }
  }

  /// A switch, by its first one or two letters; `on` and `off` are those where one letter is enough.
  /// It cannot be switched off if there is a `refusal`.
  static func boolean(_ bytes: [UInt8], on: String, off: String, refusal: String?) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    let part = bytes.prefix(pageByteCount)
    let start = text(part.prefix(2)).lowercased()
    let isOn = start.first.map { on.contains($0) } == true || start == "on"
    if isOn { return .taken(part.count, value: nil) }
    let isOff = start.first.map { off.contains($0) } == true || start == "of"
    if isOff { return refusal.map { .refused($0) } ?? .taken(part.count, value: nil) }
    return .refused("EINVAL")
  }

  /// A number under `/sys` in any base, an optional plus, an optional newline, up to a NUL.
  static func unsigned(_ bytes: [UInt8], upTo largest: UInt) -> Answer {
    if bytes.isEmpty { return .taken(0, value: nil) }
    let part = bytes.prefix(pageByteCount)
    var line = part.prefix { $0 != 0 }
    if line.first == 0x2B { line = line.dropFirst() }
    let found = number(line, autoBase: true)
    if found.digits.isEmpty { return .refused("EINVAL") }
    guard let value = UInt(found.digits, radix: found.radix) else { return .refused("ERANGE") }
    guard [[], [10]].contains(Array(line.dropFirst(found.length))) else {
      return .refused("EINVAL")
    }
    return value <= largest ? .taken(part.count, value: value) : .refused("ERANGE")
  }

  /// The address of a block of 128 MiB that somebody has plugged in, on a machine with so much
  /// memory and no room for more.
  static func probe(_ bytes: [UInt8], memory: UInt) -> Answer {
    guard case .taken(_, let address?) = unsigned(bytes, upTo: .max) else {
      return unsigned(bytes, upTo: .max)
    }
    guard address % (128 << 20) == 0 else { return .refused("EINVAL") }
    return .refused(address < memory ? "EEXIST" : "E2BIG")
  }
}
