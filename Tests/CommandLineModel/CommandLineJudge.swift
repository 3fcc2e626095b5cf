// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Has a line read by the parser and by the model, as every series reads it, and compares.
public enum CommandLineJudge {
  /// What the two disagree about, one line for each series, machine and field.
  public static func disagreements(about line: [UInt8]) -> [String] {
    let words = ModelWord.all(in: line)
    var found: [String] = []
    for series in ModelSeries.all {
      let parameters = BootParameters(commandLine: line[...], rules: series.rules)
      for machine in ModelMachine.all {
        let wanted = CommandLineModel(series, machine).meaning(of: words)
        let got = CommandLineMeaning(parameters, series.rules, machine.platform)
        guard got != wanted else { continue }
        found += got.differences(from: wanted).map { "\(series.name) on \(machine.name): \($0)" }
      }
    }
    return found
  }
}

extension CommandLineMeaning {
  /// What the parser made of a line.
  init(_ parameters: BootParameters, _ rules: BootParameterRules, _ platform: HugePagePlatform) {
    let requests = HugePageRequests(
      parameters.hugePageDirectives, platform: platform, rules: rules)
    words = parameters.options.map { option in
      [91] + option.name + [93] + (option.value.map { [61, 91] + $0 + [93] } ?? [])
    }
    foldsVmemmap = parameters.optimizesVmemmap
    pools = requests.sizes.map(Pool.init)
    gigantic = requests.giganticRequests.map(Pool.init)
    defaultByteCount = requests.defaultByteCount
    log = requests.log
    ignoredCount = requests.ignoredDirectiveCount
    let area = parameters.contiguousPool
    areaByteCount = area.byteCount
    for part in area.nodeByteCounts { areaNodes[UInt(part.node.rawValue)] = part.byteCount }
    areaIsExclusive = area.isExclusive
    threadCount = parameters.allocationThreadCount
    mapEdits = parameters.memoryMapEdits.map(Self.described)
    kernelMemory = parameters.kernelMemory.map(Self.described)
    movableMemory = parameters.movableMemory.map(Self.described)
    hotPluggableIsMovable = parameters.keepsHotPluggableMemoryMovable
    memmapOnMemory = parameters.memmapOnMemory.map(Array.init)
    addedMemoryStates = parameters.addedMemoryStates.map(Array.init)
  }

  private static func described(_ share: MemoryShare) -> String {
    switch share {
    case .bytes(let count): "\(count)"
    case .percent(let count): "\(count)%"
    case .mirrored: "mirrored"
    }
  }

  private static func described(_ edit: MemoryMapEdit) -> String {
    switch edit {
    case .limit(let end): "limit \(end.rawValue)"
    case .clear: "clear"
    case .add(let range, let kind): "add \(described(range)) \(kind.rawValue)"
    case .convert(let range, let from, let to):
      "convert \(described(range)) \(from?.rawValue ?? 0) \(to?.rawValue ?? 0)"
    }
  }

  private static func described(_ range: Range<PhysicalAddress>) -> String {
    "\(range.lowerBound.rawValue)-\(range.upperBound.rawValue)"
  }
}

extension CommandLineMeaning.Pool {
  init(_ request: HugePageRequest) {
    self.init(byteCount: request.byteCount, total: request.count)
    for part in request.nodeCounts { nodes[UInt(part.node.rawValue)] = part.count }
  }
}
