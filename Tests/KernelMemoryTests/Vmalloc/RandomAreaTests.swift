// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// One thing that happens to vmalloc areas, as a value.
enum AreaOperation {
  case allocate(bytes: UInt, alignmentShift: UInt, VmallocRequest.Mapping, node: Int?)
  case mapDevice(start: UInt, bytes: UInt)
  case show(area: Int, pages: Int)
  case free(Int)
  case touch(area: Int, page: Int, cpu: Int)
  case purge
  case failAllocation(UInt)
  case stopFailing

  static func random(using random: inout SplitMix) -> Self {
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<8:
      let shift = UInt.random(in: 0...22, using: &random)
      return .allocate(
        bytes: UInt.random(in: 1...(1 << shift), using: &random),
        alignmentShift: UInt.random(in: 0...22, using: &random),
        Bool.random(using: &random) ? .largestThatFits : .basePages,
        node: [nil, 0, 1].randomElement(using: &random) ?? nil)
    case 8:
      return .mapDevice(
        start: 1 << 40 + UInt.random(in: 0..<1 << 31, using: &random),
        bytes: UInt.random(in: 1...(1 << UInt.random(in: 0...31, using: &random)), using: &random))
    case 9, 10:
      return .show(
        area: Int.random(in: 0..<64, using: &random), pages: Int.random(in: 1..<40, using: &random))
    case 11..<18: return .free(Int.random(in: 0..<64, using: &random))
    case 18..<21:
      return .touch(
        area: Int.random(in: 0..<64, using: &random),
        page: Int.random(in: 0..<4096, using: &random),
        cpu: Int.random(in: 0..<2, using: &random))
    case 21: return .purge
    case 22: return .failAllocation(UInt.random(in: 0..<30, using: &random))
    default: return .stopFailing
    }
  }
}

/// A machine with the areas that operations have made.
final class AreaPlayground {
  let host: AreaHost
  private var areas: [VmallocArea] = []
  private var stamp: UInt64 = 0

  init(_ host: AreaHost) { self.host = host }

  /// Does it, and says what is wrong with its answer.
  func perform(_ operation: AreaOperation) -> String? {
    let arena = host.arena
    switch operation {
    case .allocate(let bytes, let shift, let mapping, let node):
      let request = VmallocRequest(
        byteCount: bytes, alignment: 1 << shift, mapping: mapping, node: node.map { NodeID($0) })
      guard let area = try? arena.allocate(request) else { return nil }
      areas.append(area)
      return area.start.isAligned(toBytes: 1 << shift) ? nil : "the alignment was forgotten"
    case .mapDevice(let start, let bytes):
      let range = PhysicalAddress(start)..<PhysicalAddress(start + bytes)
      guard let address = try? arena.mapDevice(range) else { return nil }
      guard let area = arena.area(startingAt: address.rounded(downToBytes: host.page)) else {
        return "no area where the device was mapped"
      }
      areas.append(area)
    case .show(let index, let count):
      guard index < areas.count, !areas[index].pages.isEmpty else { return nil }
      if let view = try? arena.map(Array(areas[index].pages.prefix(count))) { try? host.free(view) }
    case .free(let index):
      guard index < areas.count else { return nil }
      let area = areas.remove(at: index)
      if failure(of: { () throws(VfreeError) in try host.free(area) }) != nil { return "not freed" }
      if arena.frame(at: area.start) != nil { return "mapped after it was freed" }
    case .touch(let index, let page, let cpu): return touch(index, page, cpu)
    case .purge: arena.purge()
    case .failAllocation(let count): host.machine.failures.failAllocation(after: count)
    case .stopFailing: host.machine.failures.stopFailing()
    }
    return nil
  }

  /// Writes through one CPU's TLB and reads through another's.
  private func touch(_ index: Int, _ page: Int, _ cpu: Int) -> String? {
    guard index < areas.count, !areas[index].pages.isEmpty else { return nil }
    let place = UInt(page % areas[index].pages.count)
    let address = areas[index].start.advanced(byBytes: place * host.page)
    stamp += 1
    guard host.machine.run(on: CPUID(cpu), { try? host.machine.store(stamp, at: address) }) != nil
    else { return "a page of an area cannot be written" }
    return host.word(at: address, on: 1 - cpu) == stamp ? nil : "a page of an area reads as another"
  }

  func freeAll() {
    for area in areas { try? host.free(area) }
    areas = []
    host.arena.purge()
  }
}

@Suite struct `Vmalloc areas under random operations` {
  private func run(_ host: AreaHost, seed: UInt64, steps: Int) {
    var random = SplitMix(seed: seed)
    let playground = AreaPlayground(host)
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    var done: [AreaOperation] = []
    for _ in 0..<steps {
      let operation = AreaOperation.random(using: &random)
      done.append(operation)
      let answer = playground.perform(operation)
      let complaints = host.complaints
      guard answer == nil, complaints.isEmpty else {
        Issue.record("seed \(seed): \(answer ?? ""), \(complaints) after \(done)")
        return
      }
    }
    host.machine.failures.stopFailing()
    playground.freeAll()
    #expect(host.complaints == [])
    let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
  }

  @Test(arguments: NamedKernel.all)
  func `no rule is ever broken, and all comes back`(kernel: NamedKernel) throws {
    let host = try AreaHost(memory: 128 << 20, nodes: 2, kernel: kernel.design, cpus: 2)
    run(host, seed: 1, steps: 120)
  }

  @Test(arguments: NamedFormat.all)
  func `nor on any architecture`(_ named: NamedFormat) throws {
    let host = try AreaHost(memory: 256 << 20, kernel: .unified, format: named.format, cpus: 2)
    run(host, seed: 3, steps: 40)
  }
}
