// SPDX-License-Identifier: Apache-2.0

/// A device's memory that the user thinks of using as device-DAX.
struct DeviceWish: Equatable {
  /// Where its descriptors are to be.
  enum Place: String {
    /// In ordinary memory.
    case memory = "mem"
    /// On the device.
    case device = "dev"
  }

  /// Where it lies; nil for a place behind all memory.
  var start: UInt?
  var byteCount: UInt
  /// The pages it will consist of.
  ///
  /// - Unit: bytes.
  var alignment: UInt
  var place: Place
}

extension DeviceWish {
  /// What each range of a device must be a multiple of.
  static let granule: UInt = 2 << 20

  /// Reads `SIZE`, `START+SIZE` or `START-END`, an alignment and a place.
  ///
  /// - Throws: ``InputError``.
  init(_ text: String, align: String?, map: String?) throws(InputError) {
    let option = "--dax \(InputError.quote(text))"
    (start, byteCount) = try Self.range(text, option)
    alignment =
      try align.map { (text) throws(InputError) in
        try SizeText.byteCount(text, option: "--align")
      } ?? 2 << 20
    guard [4 << 10, 64 << 10, 2 << 20, 1 << 30].contains(alignment) else {
      throw InputError(
        "--align: \(InputError.quote(align ?? "")) is none of 4K, 64K, 2M and 1G")
    }
    guard let place = Place(rawValue: map ?? Place.memory.rawValue) else {
      throw InputError("--map: \(InputError.quote(map ?? "")) is neither mem nor dev")
    }
    self.place = place
    let unit = max(Self.granule, alignment)
    guard byteCount % unit == 0, (start ?? 0) % unit == 0 else {
      throw InputError(
        "\(option): start and size must be multiples of \(ByteText.pageSize(unit)) with "
          + "--align \(ByteText.pageSize(alignment))")
    }
  }

  private static func range(
    _ text: String, _ option: String
  ) throws(InputError) -> (start: UInt?, byteCount: UInt) {
    guard let sign = text.firstIndex(where: { "+-".contains($0) }) else {
      return (nil, try MemoryWish.size(text, option: option))
    }
    let start = try address(text[..<sign], option)
    let rest = text[text.index(after: sign)...]
    var byteCount: UInt
    if text[sign] == "+" {
      byteCount = try MemoryWish.size(rest, option: option)
    } else {
      let end = try address(rest, option)
      guard start < end else { throw InputError("\(option): the end lies before the start") }
      byteCount = end - start
      // The last byte, as /proc/iomem has it, or the one behind.
      if byteCount % granule == granule - 1 { byteCount += 1 }
    }
    let (end, isTooLarge) = start.addingReportingOverflow(byteCount)
    guard !isTooLarge, end <= MemoryWish.limit else {
      throw InputError("\(option): a twin's addresses end at \(ByteText.short(MemoryWish.limit))")
    }
    return (start, byteCount)
  }

  /// Reads hexadecimal digits with or without 0x, as /proc/iomem has them without.
  private static func address(
    _ text: Substring, _ option: String
  ) throws(InputError) -> UInt {
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text
    guard digits.utf8.first.map({ Character(UnicodeScalar($0)).isHexDigit }) == true,
      let address = UInt(digits, radix: 16)
    else {
      throw InputError(
        "\(option): \(InputError.quote(text)) is no address; write SIZE, START+SIZE or START-END, "
          + "addresses as in /proc/iomem, such as 240000000-2bfffffff")
    }
    return address
  }
}
