// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Reads `text` as a map in each of its forms; a map must be in order, and what it says in plain
/// text must be the same map.
func check(_ text: [UInt8]) {
  if let map = try? MemoryMap.parse(firmwareText: text[...]) { checkOrder(map) }
  if let map = try? MemoryMap.parse(resourceText: text[...]) { checkOrder(map) }
}

private func checkOrder(_ map: MemoryMap) {
  let entries = map.entries
  for (entry, next) in zip(entries, entries.dropFirst()) {
    precondition(entry.range.upperBound <= next.range.lowerBound, "entries are sorted and apart")
    precondition(
      entry.range.upperBound < next.range.lowerBound || entry.kind != next.kind,
      "neighbours of one kind are one entry")
  }
  precondition(entries.allSatisfy { !$0.range.isEmpty }, "no entry is empty")
  precondition(MemoryMap(entries.reversed()) == map, "a map in order stays as it is")
  let text = entries.map { entry in
    let start = String(entry.range.lowerBound.rawValue, radix: 16)
    let end = String(entry.range.upperBound.rawValue, radix: 16)
    return "\(start)-\(end) \(entry.kind.rawValue)\n"
  }
  let plain = Array(text.joined().utf8)
  precondition((try? MemoryMap.parse(firmwareText: plain[...])) == map, "plain text says it all")
}
