// SPDX-License-Identifier: Apache-2.0

// Pools of huge pages, their mappings, and bad memory.

extension MachineFacts {
  /// A pool, most often the one with the smallest pages.
  private func pool(using random: inout SplitMix) -> Int {
    random.happens(onceIn: 4) ? Int.random(in: pageByteCounts.indices, using: &random) : 0
  }

  private func folder(_ pool: Int, node: Int? = nil) -> String {
    let parent = node.map { "/sys/devices/system/node/node\($0)" } ?? "/sys/kernel/mm"
    return "\(parent)/hugepages/hugepages-\(pageByteCounts[pool] >> 10)kB"
  }

  /// Grows, shrinks, folds, demotes or spoils.
  func poolOperation(using random: inout SplitMix) -> String {
    guard !pageByteCounts.isEmpty else { return "true" }
    let pool = pool(using: &random)
    let count = UInt.random(in: 0...mostPages[pool] * 6 / 5, using: &random)
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<5: return "echo \(count) > \(folder(pool))/nr_hugepages"
    case 5..<8:
      return "echo \(count / 2) > \(folder(pool, node: node(using: &random)))/nr_hugepages"
    case 8: return "echo 0 > \(folder(pool))/nr_hugepages"
    case 9, 10:
      return "echo \(UInt.random(in: 0...20, using: &random)) > "
        + "\(folder(pool))/nr_overcommit_hugepages"
    case 11..<14: return demotion(using: &random)
    case 14, 15:
      let isOn = Bool.random(using: &random) ? 1 : 0
      return "echo \(isOn) > /proc/sys/vm/hugetlb_optimize_vmemmap"
    default: return poisoning(using: &random)
    }
  }

  private func demotion(using random: inout SplitMix) -> String {
    let pool = Int.random(in: pageByteCounts.indices, using: &random)
    let count = UInt.random(in: 1...3, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let size = random.pick(pageByteCounts) >> 10
      return "echo \(size)kB > \(folder(pool))/demote_size"
    case 1: return "echo \(count) > \(folder(pool, node: node(using: &random)))/demote"
    default: return "echo \(count) > \(folder(pool))/demote"
    }
  }

  private func poisoning(using random: inout SplitMix) -> String {
    let page = UInt.random(in: 0..<memoryEnd / basePageByteCount, using: &random)
    let word = random.happens(onceIn: 3) ? "unpoison" : "poison"
    return "#@ \(word) 0x\(String(page * basePageByteCount, radix: 16))"
  }

  /// Maps, touches or unmaps.
  func mappingOperation(using random: inout SplitMix) -> String {
    guard !pageByteCounts.isEmpty else { return "true" }
    let name = name("m", of: 6, using: &random)
    if random.happens(onceIn: 3) { return "#@ unmap \(name)" }
    let pool = pool(using: &random)
    let count = UInt.random(in: 0...mostPages[pool] / 6 + 1, using: &random)
    let use = random.pick(["touch", "touch", "reserve", "noreserve-touch"])
    return "#@ map-huge \(count) \(pageByteCounts[pool] >> 10)K \(use) as \(name)"
  }

  /// Takes or gives back base pages.
  func pageOperation(using random: inout SplitMix) -> String {
    let name = name("p", of: 4, using: &random)
    if Bool.random(using: &random) { return "#@ release-pages \(name)" }
    let count = UInt.random(in: 1...(1 << UInt.random(in: 0...14, using: &random)), using: &random)
    let fixed = random.happens(onceIn: 3) ? " fixed" : ""
    return "#@ take-pages \(count)\(fixed) node \(node(using: &random)) as \(name)"
  }

  /// Allocates or frees a vmalloc area.
  func areaOperation(using random: inout SplitMix) -> String {
    let name = name("a", of: 10, using: &random)
    if random.happens(onceIn: 3) { return "#@ vfree \(name)" }
    let count = UInt.random(in: 1...(1 << UInt.random(in: 0...12, using: &random)), using: &random)
    let huge = Bool.random(using: &random) ? " huge" : ""
    let place = random.happens(onceIn: 3) ? " node \(node(using: &random))" : ""
    return "#@ vmalloc \(count * 4)K\(huge)\(place) as \(name)"
  }
}
