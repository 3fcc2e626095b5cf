// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension LabMachine {
  /// A machine that nobody would design: nodes that take turns, holes, nodes without memory, ends in
  /// the middle of a block, memory of devices, and boot parameters that go together or not.
  init(kernel: KernelDesign, format: PagingFormat, using random: inout SplitMix) {
    self.kernel = "\(kernel.name)"
    architecture = "\(format.name)"
    cpuCount = Int.random(in: 1...4, using: &random)
    let unit: UInt = max(128 << 20, 1 << format.sectionShift)
    addMemory(inUnitsOf: unit, format, using: &random)
    if random.happens(onceIn: 3) { addDevice(unit, using: &random) }
    room = random.happens(onceIn: 4) ? 0 : 12 * unit
    parameters = Self.parameters(kernel, format, using: &random)
  }

  /// Five to twelve units on one to four nodes, some of them above 4 GiB.
  private mutating func addMemory(
    inUnitsOf unit: UInt, _ format: PagingFormat, using random: inout SplitMix
  ) {
    let nodeCount = Int.random(in: 1...4, using: &random)
    let count = UInt.random(in: 5...12, using: &random)
    let firstAbove = UInt.random(in: 3...count, using: &random)
    for index in 0..<count {
      if index > 3, random.happens(onceIn: 8) { continue }
      let start = index < firstAbove ? index * unit : 4 << 30 + index * unit
      var piece = Piece(
        node: Int.random(in: 0..<nodeCount, using: &random),
        bytes: max(start, 1 << 20)..<start + unit)
      if random.happens(onceIn: 4) {
        let lost = UInt.random(in: 1...9000, using: &random) << 12
        piece.bytes = piece.bytes.lowerBound..<piece.bytes.upperBound - lost
      }
      pieces.append(piece)
    }
    memorylessNodes = (0...nodeCount).filter { node in !pieces.contains { $0.node == node } }
    if memorylessNodes.last == nodeCount, Bool.random(using: &random) {
      memorylessNodes.removeLast()
    }
  }

  private mutating func addDevice(_ unit: UInt, using random: inout SplitMix) {
    guard let end = pieces.map({ $0.bytes.upperBound }).max() else { return }
    let start = (end + unit - 1) / unit * unit
    pieces.append(
      Piece(
        node: 0, bytes: start..<start + UInt.random(in: 1...4, using: &random) * unit,
        isDevice: true))
  }

  private static func parameters(
    _ kernel: KernelDesign, _ format: PagingFormat, using random: inout SplitMix
  ) -> [String] {
    var words: [String] = []
    if !random.happens(onceIn: 6) { words.append("hugetlb_free_vmemmap=on") }
    if Bool.random(using: &random) { words.append("memory_hotplug.memmap_on_memory=Y") }
    let seldom = [
      "movable_node", "kernelcore=200M", "movablecore=30%", "nohugevmalloc", "hugetlb_cma=0:1G",
      "hugepages=\(UInt.random(in: 0...90, using: &random))", "hugepagesz=1G hugepages=1",
      "hugepagesz=1G hugepages=0:1,1:1", "default_hugepagesz=1G",
      "memory_hotplug.memmap_on_memory=force", "memory_hotplug.online_policy=auto-movable",
      "memhp_default_state=online_movable", "memhp_default_state=online_kernel",
      "numa=off", "mem=\(UInt.random(in: 300...900, using: &random))M",
    ]
    for word in seldom where random.happens(onceIn: 12) { words.append(word) }
    return words
  }
}
