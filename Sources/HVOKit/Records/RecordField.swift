// SPDX-License-Identifier: Apache-2.0

/// One value of a record together with its place, so that a wrong one can be named.
///
/// A place reads like a path through the document: `steps[3] "on-64": after.pools.2048kB.nr`.
struct RecordField {
  let file: String
  let place: String
  /// `nil` where the document has no such member.
  let value: RecordJSON?

  /// The error that this field calls for.
  func malformed(expected: String) -> RecordError {
    .malformed(
      file: file, place: place, expected: expected, found: value?.summary ?? "nothing")
  }

  /// The field at `place` below this one.
  private func field(_ suffix: String, _ value: RecordJSON?) -> RecordField {
    let separator = place.isEmpty || suffix.hasPrefix("[") || place.hasSuffix(": ") ? "" : "."
    return RecordField(file: file, place: place + separator + suffix, value: value)
  }

  /// The same field under a place that ends in `label`, for what lies below.
  func labelled(_ label: String) -> RecordField {
    RecordField(file: file, place: "\(place) \"\(label)\": ", value: value)
  }
}

// MARK: - Objects and lists

extension RecordField {
  /// The members of an object.
  func members() throws(RecordError) -> [String: RecordJSON] {
    guard case .object(let members) = value else { throw malformed(expected: "an object") }
    return members
  }

  /// The member `name` of an object; its value is `nil` where there is none.
  func member(_ name: String) throws(RecordError) -> RecordField {
    field(name, try members()[name])
  }

  /// The member `name` of an object, or `nil` where there is none.
  func optional(_ name: String) throws(RecordError) -> RecordField? {
    let found = try member(name)
    return found.value == nil || found.value == .null ? nil : found
  }

  /// The members of an object in order of name, each with its place.
  func entries() throws(RecordError) -> [(name: String, field: RecordField)] {
    try members().sorted { $0.key < $1.key }.map { ($0.key, field($0.key, $0.value)) }
  }

  /// The elements of a list, each with its place.
  func elements() throws(RecordError) -> [RecordField] {
    guard case .array(let elements) = value else { throw malformed(expected: "a list") }
    return elements.enumerated().map { field("[\($0.offset)]", $0.element) }
  }
}

// MARK: - Scalars

extension RecordField {
  /// The largest count of pages, entries or frames that a record may hold.
  ///
  /// Far above what any machine has and far enough below `Int.max` that sums of such numbers
  /// cannot overflow.
  static let countLimit = 1 << 40

  /// A whole number in `range`.
  func integer(in range: ClosedRange<Int> = 0...countLimit) throws(RecordError) -> Int {
    guard case .integer(let number) = value, range.contains(number) else {
      throw malformed(
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A whole number that may fill 64 bits, as a limit that a user has set can.
  func unsigned() throws(RecordError) -> UInt64 {
    switch value {
    case .integer(let number) where number >= 0: return UInt64(number)
    case .unsigned(let number): return number
    default: throw malformed(expected: "a whole number of at most 64 bits")
    }
  }

  /// An address: a string of hexadecimal digits after `0x`, or a number.
  func address() throws(RecordError) -> UInt64 {
    guard case .string(let text) = value else { return try unsigned() }
    let digits = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    guard let digits else { throw malformed(expected: "an address such as \"0x100000\"") }
    return digits
  }

  /// A text.
  func string() throws(RecordError) -> String {
    guard case .string(let text) = value else { throw malformed(expected: "a string") }
    return text
  }

  /// A truth value.
  func bool() throws(RecordError) -> Bool {
    guard case .bool(let value) = value else { throw malformed(expected: "true or false") }
    return value
  }

  /// A list of texts.
  func strings() throws(RecordError) -> [String] {
    var texts: [String] = []
    for element in try elements() { texts.append(try element.string()) }
    return texts
  }
}
