// SPDX-License-Identifier: Apache-2.0

/// One pool that the user wants to see: `SIZE[@NODE]=COUNT` or `SIZE[@NODE]=PERCENT%`.
struct PoolRequest: Equatable {
  /// How large the pool is to be.
  enum Amount: Equatable {
    /// So many huge pages.
    case pages(UInt)
    /// So much of the memory that pools could have, in hundredths.
    case percent(UInt)
  }

  /// The bytes of one huge page.
  let pageByteCount: UInt
  /// The node that has the pages; nil for all.
  let node: Int?
  let amount: Amount

  /// A pool of `amount` pages of `pageByteCount` bytes.
  init(pageByteCount: UInt, node: Int? = nil, amount: Amount) {
    (self.pageByteCount, self.node, self.amount) = (pageByteCount, node, amount)
  }

  /// Reads what the user wrote behind `--pool`.
  ///
  /// - Throws: ``InputError``.
  init(_ text: String) throws(InputError) {
    let option = "--pool \(InputError.quote(text))"
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2 else {
      throw InputError("\(option): write SIZE=COUNT or SIZE=PERCENT%, such as 2M=512 or 1G@0=50%")
    }
    let place = sides[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    pageByteCount = try SizeText.byteCount(place[0], option: option)
    node = place.count > 1 ? try Self.node(place[1], option: option) : nil
    amount = try Self.amount(sides[1], option: option)
  }

  private static func node(_ text: Substring, option: String) throws(InputError) -> Int {
    let number = try SizeText.count(text, option: option)
    guard number < 1024 else { throw InputError("\(option): nodes are numbered below 1024") }
    return Int(number)
  }

  private static func amount(_ text: Substring, option: String) throws(InputError) -> Amount {
    guard text.last == "%" else { return .pages(try SizeText.count(text, option: option)) }
    let percent = try SizeText.count(text.dropLast(), option: option)
    guard percent <= 100 else {
      throw InputError("\(option): no pool can have more than 100% of the memory")
    }
    return .percent(percent)
  }
}
