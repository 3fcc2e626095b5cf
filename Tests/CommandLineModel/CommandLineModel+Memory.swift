// SPDX-License-Identifier: Apache-2.0

extension CommandLineModel {
  func readMemory(_ words: [ModelWord], _ meaning: inout CommandLineMeaning) {
    for word in words {
      if word.key == "movable-node" { meaning.hotPluggableIsMovable = true }
      if word.key == "memory-hotplug.memmap-on-memory" {
        meaning.memmapOnMemory = word.value ?? []
      }
      guard let value = word.value else { continue }
      switch word.key {
      case "mem": meaning.mapEdits += limit(value)
      case "memmap":
        meaning.mapEdits += value.split(separator: 44).compactMap { edit(Array($0)) }
      case "kernelcore":
        let isMirrored = value.split(separator: 44).contains {
          Array($0) == ModelText.bytes("mirror")
        }
        if meaning.kernelMemory != "mirrored" {
          meaning.kernelMemory = isMirrored ? "mirrored" : share(value)
        }
      case "movablecore": meaning.movableMemory = share(value)
      case "memhp-default-state": meaning.addedMemoryStates.append(value)
      default: break
      }
    }
  }

  private func limit(_ value: [UInt8]) -> [String] {
    let size = ModelText.size(value).value
    return size == 0 ? [] : ["limit \(size)"]
  }

  private func share(_ value: [UInt8]) -> String {
    let number = ModelText.number(value)
    let follows = (number?.rest ?? value).first
    return follows == 37 ? "\(number?.value ?? 0)%" : "\(ModelText.size(value).value)"
  }

  private func edit(_ word: [UInt8]) -> String? {
    if word.starts(with: ModelText.bytes("exactmap")) { return "clear" }
    let (size, rest) = ModelText.size(word)
    guard rest != word else { return nil }
    let kinds: [UInt8: UInt] = [64: 1, 35: 3, 36: 2, 33: 12]
    guard let sign = rest.first, sign == 37 || kinds[sign] != nil else { return "limit \(size)" }
    let (start, tail) = ModelText.size(Array(rest.dropFirst()))
    let (sum, overflow) = start.addingReportingOverflow(size)
    let range = "\(start)-\(overflow ? .max : sum)"
    if let kind = kinds[sign] { return "add \(range) \(kind)" }
    var text = tail
    let from = kind(after: 45, &text)
    let to = kind(after: 43, &text)
    return text.isEmpty ? "convert \(range) \(from) \(to)" : nil
  }

  /// The kind of memory behind a sign; 0 for none, 2 for one that is not assigned.
  private func kind(after sign: UInt8, _ text: inout [UInt8]) -> UInt {
    guard text.first == sign else { return 0 }
    let (value, rest) = ModelText.number(Array(text.dropFirst())) ?? (0, Array(text.dropFirst()))
    text = rest
    return [0, 1, 2, 3, 4, 5, 7, 12, 0xEFFF_FFFF].contains(value) ? value : 2
  }
}
