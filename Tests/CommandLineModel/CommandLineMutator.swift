// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab

/// Makes command lines that mean something, and changes them where it hurts.
///
/// Random bytes rarely get past a parameter's name. A mutation here takes a line apart into words,
/// works on whole words, values, entries of lists, numbers, and puts it together again.
public struct CommandLineMutator {
  /// The parameters that have rules.
  static let names = [
    "hugepages", "hugepagesz", "default_hugepagesz", "hugetlb_free_vmemmap", "hugetlb_cma",
    "hugetlb_cma_only", "hugepage_alloc_threads", "mem", "memmap", "kernelcore", "movablecore",
    "movable_node", "memhp_default_state", "memory_hotplug.memmap_on_memory", "--", "quiet",
  ]
  /// The three that depend on each other come more often than the rest.
  static let frequentNames = ["hugepages", "hugepagesz", "default_hugepagesz"]
  static let sizes = [
    "2M", "1G", "64K", "32M", "2048k", "0x200000", "1024M", "4K", "3M", "0", "", "16E",
    "18446744073711648768", "2MB", "1g", "M",
  ]
  static let counts = [
    "0", "1", "4", "64", "0:4", "1:2", "0:4,1:2", "0:1,0:3", "3:5", "0:0", "0:4,", "0:4,,1:1",
    "7:1",
    "0:8,5:8,1:4", "-5", "x", "", "4x", "0:x", "0:1,7", "5,6", " 3", "0: 3", "18446744073709551616",
    "18446744073709551615", "0:4294967296", "0:4294967297,1:1", "18446744073709551616:7",
    "0:18446744073709551615,1:2", "1024:1",
  ]
  static let switches = [
    "on", "off", "y", "N", "1", "0", "t", "F", "e", "Disabled", "maybe", "", "o", "oN", "onwards",
  ]
  static let shares = [
    "1G", "25%", "101%", "mirror", "mirror,x", "x,mirror", "0x10%", "%", "", "1G%",
  ]
  static let maps = [
    "1G", "1G!4G", "1M$1M,2M#4M", "exactmap", "exactmapx", "640K@0", "256M%0xf0000000-2+1", "4G%0",
    "1G@1Gx", "1G?0", "@1G", "K@1G", "x,1G", "1G%0-1x", "16E@0", "0", "nopentium",
  ]
  static let others = [
    "online", "offline", "online_movable", "junk", "force", "4", "0x10", "+4", "4\n", "-1", "08",
    "99999999999999999999",
  ]

  private var random: SplitMix

  /// A mutator whose choices follow from `seed`.
  public init(seed: UInt64) { random = SplitMix(seed: seed) }

  /// A new line.
  public mutating func line() -> [UInt8] {
    let words = (0...random.below(7)).map { _ in word() }
    return Array(words.joined(separator: [0x20]))
  }

  /// `line` with one to three changes, no longer than `limit` bytes.
  public mutating func mutation(of line: [UInt8], limit: Int = 4096) -> [UInt8] {
    var line = line
    for _ in 0...random.below(3) { line = change(line) }
    return Array(line.prefix(limit))
  }

  private mutating func word() -> [UInt8] {
    let name = random.below(2) == 0 ? pick(Self.frequentNames) : pick(Self.names)
    guard random.below(16) > 0 else { return Array(name.utf8) }
    let value = random.below(12) == 0 ? pick(Self.counts) : value(for: name)
    let quoted = random.below(12) == 0 ? quoted(name + "=", value) : name + "=" + value
    return Array(quoted.utf8)
  }

  private mutating func quoted(_ name: String, _ value: String) -> String {
    switch random.below(4) {
    case 0: "\"\(name)\(value)\""
    case 1: "\(name)\"\(value)\""
    case 2: "\"\(name)\"\(value)\"\""
    default: "\(name)\"\(value)"
    }
  }

  private mutating func value(for name: String) -> String {
    switch name {
    case "hugepages": pick(Self.counts)
    case "hugepagesz", "default_hugepagesz": pick(Self.sizes)
    case "hugetlb_cma":
      random.below(2) == 0 ? pick(Self.sizes) : "\(random.below(3)):\(pick(Self.sizes)),1:1G"
    case "hugetlb_free_vmemmap", "hugetlb_cma_only": pick(Self.switches)
    case "kernelcore", "movablecore": pick(Self.shares)
    case "mem", "memmap": pick(Self.maps)
    default: pick(Self.others)
    }
  }

  private mutating func change(_ line: [UInt8]) -> [UInt8] {
    var words = line.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
    guard !words.isEmpty else { return self.line() }
    let place = random.below(words.count)
    switch random.below(8) {
    case 0: words.insert(word(), at: place)
    case 1: words.remove(at: place)
    case 2: words.append(words[place])
    case 3: words.swapAt(place, random.below(words.count))
    case 4: words[place] = word()
    case 5: words[place] = changedNumber(words[place])
    case 6: words[place] = changedByte(words[place])
    default: words[place] = changedList(words[place])
    }
    return Array(words.joined(separator: [0x20]))
  }

  /// Puts another number where one is.
  private mutating func changedNumber(_ word: [UInt8]) -> [UInt8] {
    let digits = word.indices.filter { (0x30...0x39).contains(word[$0]) }
    guard !digits.isEmpty else { return word }
    let start = digits[random.below(digits.count)]
    let end = word[start...].firstIndex { !(0x30...0x39).contains($0) } ?? word.endIndex
    let bits = random.below(66)
    let number = bits == 65 ? "18446744073709551616" : String(UInt64.max >> min(63, UInt64(bits)))
    return word[..<start] + Array(number.utf8) + word[end...]
  }

  private mutating func changedByte(_ word: [UInt8]) -> [UInt8] {
    var word = word
    let bytes: [UInt8] = Array("\"=,:%@#$!-+ \t\n0xKMGkmge_\0".utf8) + [0xFF, 0xA0, 0x80]
    let byte = bytes[random.below(bytes.count)]
    switch random.below(3) {
    case 0: word.insert(byte, at: random.below(word.count + 1))
    case 1 where !word.isEmpty: word[random.below(word.count)] = byte
    default: if !word.isEmpty { word.remove(at: random.below(word.count)) }
    }
    return word
  }

  /// Adds, drops or repeats an entry of a list.
  private mutating func changedList(_ word: [UInt8]) -> [UInt8] {
    var entries = word.split(separator: 0x2C, omittingEmptySubsequences: false).map(Array.init)
    guard !entries.isEmpty else { return word }
    let place = random.below(entries.count)
    switch random.below(4) {
    case 0: entries.remove(at: place)
    case 1: entries.append(entries[place])
    case 2: entries.append(Array("\(random.below(4)):\(random.below(9))".utf8))
    default: entries.insert(Array(pick(Self.counts).utf8), at: place)
    }
    return Array(entries.joined(separator: [0x2C]))
  }

  private mutating func pick(_ texts: [String]) -> String { texts[random.below(texts.count)] }
}

extension SplitMix {
  /// A number from 0 up to, not including, `limit`, which is above 0.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
