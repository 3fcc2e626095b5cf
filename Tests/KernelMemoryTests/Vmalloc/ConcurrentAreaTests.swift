// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Areas that several CPUs make and free at once.
@Suite struct `Vmalloc areas on several CPUs` {
  @Test(arguments: NamedKernel.all)
  func `each CPU finds what it wrote, and all comes back`(kernel: NamedKernel) throws {
    let host = try AreaHost(
      memory: 512 << 20, kernel: kernel.design, cpus: 4, threading: .many)
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    let surprises = Tally()
    let tree = InterfaceTree(host.subsystem)
    withThreads(on: host.machine, cpus: 0..<4) { cpu in
      var areas: [VmallocArea] = []
      for round in 0..<20 {
        let size = UInt(1) << UInt(12 + (round * 5 + cpu.index) % 11)
        let mapping: VmallocRequest.Mapping = round % 3 == 0 ? .largestThatFits : .basePages
        let request = VmallocRequest(
          byteCount: size + UInt(round) * 5000, alignment: 1 << UInt(round % 22), mapping: mapping)
        guard let area = try? host.arena.allocate(request) else {
          surprises.add(1)
          continue
        }
        try? host.machine.store(UInt64(area.start.rawValue), at: area.start)
        areas.append(area)
        guard areas.count > 5 else { continue }
        let victim = areas.remove(at: round % areas.count)
        if (try? host.machine.load(victim.start)) != UInt64(victim.start.rawValue) {
          surprises.add(1)
        }
        if (try? host.free(victim)) == nil { surprises.add(1) }
        if round % 20 == cpu.index { host.arena.purge() }
        if (try? tree.read(textBytes("/proc/vmallocinfo")))?.isEmpty ?? true { surprises.add(1) }
      }
      for area in areas where (try? host.free(area)) == nil { surprises.add(1) }
    }
    #expect(surprises.total == 0)
    #expect(host.complaints == [])
    host.arena.purge()
    let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
  }
}
