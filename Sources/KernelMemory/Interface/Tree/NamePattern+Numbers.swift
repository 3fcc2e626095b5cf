// SPDX-License-Identifier: Apache-2.0

// Which names a pattern stands for, in a subsystem and below what the path has named so far.

extension InterfaceTree {
  /// The arguments that `name` adds to `arguments` if the pattern stands for it.
  func match(
    _ name: ArraySlice<UInt8>, _ pattern: NamePattern, _ arguments: PathArguments
  ) -> PathArguments? {
    switch pattern {
    case .word(let word): return word.isEqual(to: name) ? arguments : nil
    case .daxDevices, .daxDevicesOfRegion, .daxDevicesOfDriver, .daxDriver, .daxDriverLink:
      return matchDAX(name, pattern, arguments)
    default: break
    }
    guard let number = number(in: name, pattern) else { return nil }
    return member(number, of: pattern, arguments)
  }

  /// The number between the pattern's prefix and suffix, written as the kernel would write it.
  private func number(in name: ArraySlice<UInt8>, _ pattern: NamePattern) -> UInt? {
    guard pattern.prefix.isPrefix(of: name) else { return nil }
    let rest = name.dropFirst(pattern.prefix.utf8CodeUnitCount)
    let digits = Parsing.digits(rest, base: 10)
    guard digits.byteCount > 0, !digits.overflowed,
      rest.first != ASCII.zero || digits.byteCount == 1,
      pattern.suffix.isEqual(to: rest.dropFirst(digits.byteCount))
    else { return nil }
    return digits.value
  }

  /// The arguments with `number` filled in, if the pattern stands for it.
  private func member(
    _ number: UInt, of pattern: NamePattern, _ arguments: PathArguments
  ) -> PathArguments? {
    var result = arguments
    result.number = number
    switch pattern {
    case .word, .daxDevices, .daxDevicesOfRegion, .daxDevicesOfDriver, .daxDriver,
      .daxDriverLink:
      return nil
    case .daxRegions:
      guard let region = Int(exactly: number), hasDAXRegion(region) else { return nil }
      result.daxRegion = region
    case .daxParts:
      guard let part = Int(exactly: number), daxParts(of: arguments.daxDevice).contains(number)
      else { return nil }
      result.daxPart = part
    case .pools:
      guard let index = hugeTLB.pools.firstIndex(where: { $0.byteCount >> 10 == number }) else {
        return nil
      }
      result.pool = index
    case .nodes, .nodesOfBlock, .nodesOfCPU:
      guard let position = topology.nodes.firstIndex(where: { UInt($0.id.rawValue) == number }),
        stands(pattern, forNode: position, arguments)
      else { return nil }
      result.node = position
    case .blocks, .blocksOfNode:
      guard hasBlock(number),
        pattern.isUnrestricted || hasBlock(number, onNode: arguments.node)
      else { return nil }
      result.block = number
    case .cpus, .cpusOfNode:
      guard number < UInt(subsystem.machine.cpuCount),
        pattern.isUnrestricted || arguments.node == nodePositionOfCPUs
      else { return nil }
      result.cpu = Int(number)
    }
    return result
  }

  private func stands(
    _ pattern: NamePattern, forNode position: Int, _ arguments: PathArguments
  ) -> Bool {
    switch pattern {
    case .nodesOfBlock: hasBlock(arguments.block, onNode: position)
    case .nodesOfCPU: position == nodePositionOfCPUs
    default: topology.nodes[position].isOnline
    }
  }

  /// The names that the pattern stands for.
  func names(of pattern: NamePattern, _ arguments: PathArguments) -> [[UInt8]] {
    switch pattern {
    case .word(let word): return [word.bytes]
    case .daxDevices, .daxDevicesOfRegion, .daxDevicesOfDriver, .daxDriver, .daxDriverLink:
      return daxNames(of: pattern, arguments)
    default: break
    }
    return candidates(for: pattern, arguments).compactMap { number in
      guard member(number, of: pattern, arguments) != nil else { return nil }
      var text = TextSink()
      text.append(pattern.prefix)
      text.appendDecimal(number)
      text.append(pattern.suffix)
      return text.bytes
    }
  }

  private func candidates(
    for pattern: NamePattern, _ arguments: PathArguments
  ) -> [UInt] {
    switch pattern {
    case .word, .daxDevices, .daxDevicesOfRegion, .daxDevicesOfDriver, .daxDriver,
      .daxDriverLink:
      []
    case .daxRegions: daxRegionNumbers
    case .daxParts: daxParts(of: arguments.daxDevice)
    case .pools: hugeTLB.pools.map { $0.byteCount >> 10 }
    case .nodes, .nodesOfBlock, .nodesOfCPU: topology.nodes.map { UInt($0.id.rawValue) }
    case .blocks, .blocksOfNode: presentBlocks
    case .cpus, .cpusOfNode: (0..<UInt(subsystem.machine.cpuCount)).map { $0 }
    }
  }
}

extension NamePattern {
  /// Whether the pattern does not depend on what the path has named so far.
  fileprivate var isUnrestricted: Bool {
    switch self {
    case .blocks, .cpus: true
    default: false
    }
  }
}
