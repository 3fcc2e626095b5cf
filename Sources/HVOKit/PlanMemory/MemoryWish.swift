// SPDX-License-Identifier: Apache-2.0

/// Memory that the user thinks of adding, as `--hot-add` and `--dax` describe it.
enum MemoryWish: Equatable {
  /// Ordinary memory, plugged in.
  case hotAdd(byteCount: UInt, node: Int?, holdsItself: Bool)
  /// A device's memory.
  case device(DeviceWish)
}

extension MemoryWish {
  /// The most that can be added: a twin's addresses end there.
  static let limit: UInt = 64 << 40

  /// Reads what the user wrote.
  ///
  /// - Throws: ``InputError``.
  init(_ options: MemoryWishOptions) throws(InputError) {
    if let text = options.hotAdd {
      guard options.dax == nil else {
        throw InputError("--hot-add and --dax are two questions; ask one at a time")
      }
      try Self.refuse(options.align, "--align", without: "--dax")
      try Self.refuse(options.map, "--map", without: "--dax")
      self = try Self.hotAdd(text, holdsItself: options.memmapOnMemory)
    } else {
      guard let text = options.dax else {
        try Self.refuse(options.align, "--align", without: "--dax")
        try Self.refuse(options.map, "--map", without: "--dax")
        throw InputError("--memmap-on-memory: only with --hot-add")
      }
      guard !options.memmapOnMemory else {
        throw InputError("--memmap-on-memory: only with --hot-add; for a device say --map dev")
      }
      self = .device(try DeviceWish(text, align: options.align, map: options.map))
    }
  }

  private static func refuse(
    _ text: String?, _ option: String, without other: String
  ) throws(InputError) {
    if text != nil { throw InputError("\(option): only with \(other)") }
  }

  private static func hotAdd(_ text: String, holdsItself: Bool) throws(InputError) -> MemoryWish {
    let option = "--hot-add \(InputError.quote(text))"
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let byteCount = try size(parts[0], option: option)
    guard parts.count > 1 else {
      return .hotAdd(byteCount: byteCount, node: nil, holdsItself: holdsItself)
    }
    let node = try SizeText.count(parts[1], option: option)
    guard node < 1024 else { throw InputError("\(option): nodes are numbered below 1024") }
    return .hotAdd(byteCount: byteCount, node: Int(node), holdsItself: holdsItself)
  }

  static func size(
    _ text: some StringProtocol, option: String
  ) throws(InputError) -> UInt {
    let byteCount = try SizeText.byteCount(text, option: option)
    guard byteCount > 0, byteCount < limit else {
      throw InputError(
        "\(option): \(ByteText.short(byteCount)) cannot be added; write a size below "
          + ByteText.short(limit))
    }
    return byteCount
  }
}
