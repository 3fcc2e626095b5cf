// SPDX-License-Identifier: Apache-2.0

/// A second reading of the rules of the command line, to compare the parser with.
///
/// It shares no code with the parser and is built otherwise: words by counting quotes, pools by
/// looking back at the history of the line, numbers digit by digit in copies of the text.
public struct CommandLineModel: Sendable {
  let series: ModelSeries
  let machine: ModelMachine

  /// A model of `series` on `machine`.
  public init(_ series: ModelSeries, _ machine: ModelMachine) {
    self.series = series
    self.machine = machine
  }

  /// What `line` comes to.
  public func meaning(of line: [UInt8]) -> CommandLineMeaning {
    meaning(of: ModelWord.all(in: line))
  }

  func meaning(of words: [ModelWord]) -> CommandLineMeaning {
    var meaning = CommandLineMeaning()
    meaning.words = words.map { word in
      let brackets = { (text: [UInt8]) in [91] + text + [93] }
      return brackets(word.name) + (word.value.map { [61] + brackets($0) } ?? [])
    }
    readPools(words, &meaning)
    readAreas(words, &meaning)
    readMemory(words, &meaning)
    meaning.foldsVmemmap =
      words.filter { $0.key == "hugetlb-free-vmemmap" }
      .compactMap(foldingSwitch).last
    return meaning
  }

  private func values(_ key: String, _ words: [ModelWord]) -> [[UInt8]] {
    words.filter { $0.key == key }.compactMap(\.value)
  }

  private func foldingSwitch(_ word: ModelWord) -> Bool? {
    switch series.year {
    case .of5_14:
      if word.value == ModelText.bytes("on") { return true }
      return word.value == ModelText.bytes("off") ? false : nil
    case .of6_1, .of6_12:
      guard let value = word.value else { return true }
      return ModelText.boolean(value, series)
    case .of7_2: return word.value.flatMap { ModelText.boolean($0, series) }
    }
  }

  private func readPools(_ words: [ModelWord], _ meaning: inout CommandLineMeaning) {
    let names = ["hugepagesz", "hugepages", "default-hugepagesz"]
    var given = words.compactMap { word in
      names.contains(word.key) ? word.value.map { (word, $0) } : nil
    }
    if series.year >= .of7_2 {
      let all = given.count
      // Each takes a place, and its text with an end.
      var (places, room) = (2 * machine.sizes.count + 1, 2048)
      given = given.filter { _, value in
        guard places > 0, value.count < room else { return false }
        places -= 1
        room -= value.count + 1
        return true
      }
      meaning.ignoredCount = all - given.count
    }
    var pools = ModelPools(series, machine)
    for (word, value) in given { pools.read(word, value) }
    pools.finish()
    meaning.pools = pools.pools
    meaning.gigantic = pools.gigantic
    meaning.defaultByteCount = pools.defaultByteCount
    meaning.log = pools.log
  }

  private func readAreas(_ words: [ModelWord], _ meaning: inout CommandLineMeaning) {
    for value in values("hugetlb-cma", words) { readArea(value, &meaning) }
    guard series.year >= .of7_2 else { return }
    let isExclusive = values("hugetlb-cma-only", words).compactMap {
      ModelText.boolean($0, series)
    }.last
    meaning.areaIsExclusive = isExclusive == true && meaning.areaByteCount > 0
    meaning.threadCount = values("hugepage-alloc-threads", words).compactMap(threads).last
  }

  private func readArea(_ value: [UInt8], _ meaning: inout CommandLineMeaning) {
    guard series.year > .of5_14 else {
      meaning.areaByteCount = ModelText.size(value).value
      return
    }
    var text = value
    while let first = ModelText.decimal(text) {
      guard first.rest.first == 58 else {
        meaning.areaByteCount = ModelText.size(value).value
        return
      }
      guard first.value < 1024 else { return }
      let size = ModelText.size(Array(first.rest.dropFirst()))
      meaning.areaByteCount = meaning.areaByteCount &+ size.value
      meaning.areaNodes[first.value] = size.value
      guard size.rest.first == 44 else { return }
      text = Array(size.rest.dropFirst())
    }
  }

  /// A whole number above 0 that fits, with a plus sign before it or a newline after it.
  private func threads(_ value: [UInt8]) -> UInt? {
    var text = value.first == 43 ? Array(value.dropFirst()) : value
    if text.last == 10 { text.removeLast() }
    var base = 10
    if text.first == 48 { base = 8 }
    if ModelText.lowercase(Array(text.prefix(2))) == ModelText.bytes("0x") {
      base = 16
      text.removeFirst(2)
    }
    guard text.first != 43, text.first != 45 else { return nil }
    let number = UInt(String(decoding: text, as: UTF8.self), radix: base)
    return number.flatMap { $0 > 0 ? $0 : nil }
  }
}
