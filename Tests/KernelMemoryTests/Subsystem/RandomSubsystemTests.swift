// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import KernelMemory

/// Something that happens to a memory subsystem, as a value.
enum SubsystemOperation: CustomStringConvertible {
  case pool(PoolOperation)
  case area(AreaOperation)
  case block(BlockOperation)
  case device(DeviceOperation)

  var description: String {
    switch self {
    case .pool(let operation): ".pool(\(operation))"
    case .area(let operation): ".area(.\(operation))"
    case .block(let operation): ".block(\(operation))"
    case .device(let operation): ".device(\(operation))"
    }
  }
}

/// A machine on which everything happens in turn.
struct SubsystemPlayground {
  /// Room for memory that comes later, in blocks of 128 MiB.
  static let room: UInt = 12
  /// Room behind that for the device on the dax bus.
  static let deviceRoom: UInt = 4

  let host: TestHost
  private let pools: PoolPlayground
  private let areas: AreaPlayground
  private let blocks: BlockPlayground
  private let devices: DevicePlayground

  init(_ host: TestHost) throws {
    self.host = host
    pools = PoolPlayground(PoolHost(host))
    areas = AreaPlayground(AreaHost(host))
    blocks = BlockPlayground(host.subsystem)
    devices = try DevicePlayground(
      host.subsystem, start: PageFrameNumber(blocks.first << 15),
      ownStart: PageFrameNumber((blocks.first + Self.room) << 15))
  }

  func random(using random: inout SplitMix) -> SubsystemOperation {
    let topology = host.subsystem.topology
    let nodes = topology.nodes.count
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3:
      return .pool(.random(end: topology.end.rawValue, nodes: nodes, using: &random))
    case 3, 4: return .area(.random(using: &random))
    case 5, 6: return .device(.random(room: Self.room << 6, using: &random))
    default: return .block(.random(nodes: nodes, room: Self.room, using: &random))
    }
  }

  /// Does it, and says what is wrong then.
  func perform(_ operation: SubsystemOperation) -> [String] {
    var answer: String?
    switch operation {
    case .pool(let operation): pools.perform(operation)
    case .area(let operation): answer = areas.perform(operation)
    case .block(let operation): blocks.perform(operation)
    case .device(let operation): devices.perform(operation)
    }
    var complaints = host.complaints
    // References of one's own are no page's.
    if devices.isHolding {
      complaints.removeAll { $0.hasPrefix("P-DEV 10:") || $0.hasPrefix("P-DEV 11:") }
    }
    return (answer.map { [$0] } ?? []) + complaints
  }
}

/// Pools, vmalloc areas, devices and memory that comes and goes, all on one machine that nobody would design.
@Suite struct `The subsystem under random operations` {
  /// How many operations a machine sees; `RANDOM_STEPS` in the environment asks for more.
  private static let steps =
    ProcessInfo.processInfo.environment["RANDOM_STEPS"].flatMap { Int($0) } ?? 20

  @Test(arguments: NamedKernel.all, Array(UInt64(1)...4))
  func `no rule is ever broken`(kernel: NamedKernel, seed: UInt64) throws {
    var random = SplitMix(state: seed &* 1_000_003)
    let machine = RandomMachine(using: &random)
    let playground = try SubsystemPlayground(
      try machine.boot(
        kernel.design,
        commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=Y",
        room: (SubsystemPlayground.room + SubsystemPlayground.deviceRoom) << 27))
    var done: [SubsystemOperation] = []
    for _ in 0..<Self.steps {
      let operation = playground.random(using: &random)
      done.append(operation)
      let complaints = playground.perform(operation)
      guard complaints.isEmpty else {
        Issue.record("seed \(seed), \(kernel.design.name), \(machine): \(complaints) after \(done)")
        return
      }
    }
  }
}
