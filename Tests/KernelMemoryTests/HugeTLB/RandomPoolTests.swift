// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Something that can be done to the pools of a machine; prints as source.
enum PoolOperation: CustomStringConvertible {
  case resize(Int, UInt, ResizeScope)
  case overcommit(Int, UInt)
  case map(Int, UInt, HugeMapping.Manner)
  case unmap(Int)
  case demote(UInt, Int?)
  case dissolve(UInt)
  case replace(UInt)
  case poison(UInt)
  case unpoison(UInt)
  case setFolding(Bool)
  case failAllocation(UInt)
  case failBasePages
  case stopFailing

  var description: String {
    switch self {
    case .resize(let pool, let count, let scope): ".resize(\(pool), \(count), .\(scope))"
    case .overcommit(let pool, let limit): ".overcommit(\(pool), \(limit))"
    case .map(let pool, let count, let manner): ".map(\(pool), \(count), .\(manner))"
    case .unmap(let index): ".unmap(\(index))"
    case .demote(let count, let node): ".demote(\(count), \(node.map { "\($0)" } ?? "nil"))"
    case .dissolve(let pfn): ".dissolve(\(pfn))"
    case .replace(let pfn): ".replace(\(pfn))"
    case .poison(let pfn): ".poison(\(pfn))"
    case .unpoison(let pfn): ".unpoison(\(pfn))"
    case .setFolding(let isOn): ".setFolding(\(isOn))"
    case .failAllocation(let count): ".failAllocation(\(count))"
    case .failBasePages: ".failBasePages"
    case .stopFailing: ".stopFailing"
    }
  }

  /// An operation on a machine with `nodes` nodes whose memory ends at frame `end`.
  static func random(end: UInt, nodes: Int = 2, using random: inout SplitMix) -> Self {
    let pool = Int.random(in: 0...4, using: &random) == 0 ? 1 : 0
    let limit: UInt = pool == 0 ? 700 : 3
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<6:
      let node = Int.random(in: -1..<nodes, using: &random)
      let scope: ResizeScope = node < 0 ? .allNodes : .node(node)
      return .resize(pool, UInt.random(in: 0...limit, using: &random), scope)
    case 6, 7: return .overcommit(pool, UInt.random(in: 0...20, using: &random))
    case 8..<11:
      return .map(
        pool, UInt.random(in: 0...(limit / 7 + 1), using: &random),
        Bool.random(using: &random) ? .reserve : .noReserve)
    case 11..<14: return .unmap(Int.random(in: 0..<4, using: &random))
    case 14:
      let node = Int.random(in: -1..<nodes, using: &random)
      return .demote(UInt.random(in: 1...2, using: &random), node < 0 ? nil : node)
    case 15: return .dissolve(UInt.random(in: 0..<end, using: &random))
    case 16: return .replace(UInt.random(in: 0..<end, using: &random))
    case 17: return .poison(UInt.random(in: 0..<end, using: &random))
    case 18: return .unpoison(UInt.random(in: 0..<end, using: &random))
    case 19: return .setFolding(Bool.random(using: &random))
    case 20, 21: return .failAllocation(UInt.random(in: 0...40, using: &random))
    case 22: return .failBasePages
    default: return .stopFailing
    }
  }
}

/// A machine with the mappings that operations have made.
final class PoolPlayground {
  let host: PoolHost
  private var mappings: [HugeMapping] = []

  init(_ host: PoolHost) { self.host = host }

  deinit { for mapping in mappings { mapping.release() } }

  func perform(_ operation: PoolOperation) {
    let hugeTLB = host.hugeTLB
    switch operation {
    case .resize(let pool, let count, let scope): hugeTLB.pools[pool].resize(to: count, scope)
    case .overcommit(let pool, let limit):
      try? hugeTLB.pools[pool].setOvercommitLimit(limit)
    case .map(let pool, let count, let manner):
      map(hugeTLB.pools[pool], count, manner)
    case .unmap(let index):
      guard index < mappings.count else { return }
      mappings.remove(at: index).release()
    case .demote(let count, let node): try? host.gigantic.demote(count, on: node)
    case .dissolve(let pfn): try? hugeTLB.dissolveFreePage(containing: PageFrameNumber(pfn))
    case .replace(let pfn):
      let head = PageFrameNumber(pfn).aligned(downTo: host.pool.order)
      if hugeTLB.hasDescriptor(head) { try? host.pool.replaceFreePage(head) }
    case .poison(let pfn): _ = try? hugeTLB.poison(PageFrameNumber(pfn))
    case .unpoison(let pfn): try? hugeTLB.unpoison(PageFrameNumber(pfn))
    case .setFolding(let isOn): hugeTLB.optimizer.isEnabled.store(isOn, ordering: .relaxed)
    case .failAllocation(let count): host.failures.failAllocation(after: count)
    case .failBasePages: host.failures.failBasePageAllocations()
    case .stopFailing: host.failures.stopFailing()
    }
  }

  private func map(_ pool: HugePagePool, _ count: UInt, _ manner: HugeMapping.Manner) {
    guard let mapping = try? HugeMapping(pool: pool, pageCount: count, manner: manner) else {
      return
    }
    try? mapping.touchAll()
    mappings.append(mapping)
  }
}

@Suite struct `Pools under random operations` {
  @Test(arguments: PoolKernel.allCases, [UInt64(1), 2])
  func `no rule is ever broken and no frame lost`(kernel: PoolKernel, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let playground = PoolPlayground(
      try PoolHost(
        memory: 6 << 30, nodes: 2, kernel: kernel,
        commandLine: "hugetlb_free_vmemmap=on hugetlb_cma=1:1G"))
    let end = playground.host.host.subsystem.topology.end.rawValue
    var done: [PoolOperation] = []
    for _ in 0..<150 {
      let operation = PoolOperation.random(end: end, using: &random)
      done.append(operation)
      playground.perform(operation)
      let violations = playground.host.hugeTLB.violations()
      guard violations.isEmpty else {
        Issue.record("seed \(seed): \(violations) after \(done)")
        return
      }
    }
    playground.host.check()
  }
}
