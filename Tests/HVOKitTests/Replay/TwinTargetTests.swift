// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

@Suite struct `A twin that is put through a record` {
  private func target(_ kernel: RecordedKernel = .v7_2) throws -> TwinTarget {
    try TwinTarget(
      Record(
        name: "test", kernel: kernel, about: "",
        machine: RecordedMachine(
          architecture: "x86_64", cpuCount: 1, commandLine: "hugetlb_free_vmemmap=on",
          memoryMap: [
            .init(addresses: 0..<0x9_FC00, type: "usable"),
            .init(addresses: 0x10_0000..<0x4000_0000, type: "usable"),
          ], nodeRanges: []),
        boot: Observation(), steps: [], endsEarly: nil))
  }

  private static let pool = "/proc/sys/vm/nr_hugepages"

  @Test func `writes and reads, and names errors as the recorder did`() throws {
    var twin = try target()
    func write(_ path: String, _ value: String) -> ActionOutcome {
      twin.perform(.write(path: path, value: value, condition: .ordinary))
    }
    #expect(write(Self.pool, "7\\n") == .errno("OK"))
    #expect(twin.perform(.read(path: Self.pool)) == .text("7\n"))
    #expect(write(Self.pool, "x") == .errno("EINVAL"))
    #expect(write("/proc/meminfo", "1") == .errno("open:EACCES"))
    #expect(write("/nope", "1") == .errno("open:ENOENT"))
  }

  @Test func `maps huge pages as a process would`() throws {
    var twin = try target()
    let size = 2 << 20
    _ = twin.perform(.write(path: Self.pool, value: "4", condition: .ordinary))
    #expect(
      twin.perform(.mapHuge(count: 4, pageBytes: size, how: .touch))
        == .lines(["mmap OK", "touch OK"]))
    #expect(
      twin.perform(.mapHuge(count: 1, pageBytes: size, how: .reserve)) == .lines(["mmap ENOMEM"]))
    #expect(
      twin.perform(.mapHuge(count: 1, pageBytes: size, how: .touchWithoutReserve))
        == .lines(["mmap OK", "touch signal 7"]))
    #expect(
      twin.perform(.mapHuge(count: -1, pageBytes: size, how: .touch)) == .lines(["mmap EINVAL"]))
    #expect(twin.observe().pools[.twoMegabytes]?.free == 0)
    #expect(twin.perform(.unmapAll) == .done)
    #expect(twin.observe().pools[.twoMegabytes]?.free == 4)
  }

  @Test func `a process that takes all memory leaves none for pages, and gives it back`() throws {
    var twin = try target()
    let before = twin.observe().freePages
    #expect(twin.perform(.consumeMemory) == .done)
    _ = twin.perform(.write(path: Self.pool, value: "100", condition: .ordinary))
    #expect((twin.observe().pools[.twoMegabytes]?.count ?? 100) < 10)
    _ = twin.perform(.write(path: Self.pool, value: "0", condition: .ordinary))
    #expect(twin.perform(.unmapAll) == .done)
    #expect(abs((twin.observe().freePages ?? 0) - (before ?? 0)) < 200)
  }

  @Test func `restoring fails while base pages do`() throws {
    var twin = try target()
    _ = twin.perform(.write(path: Self.pool, value: "4", condition: .ordinary))
    _ = twin.perform(
      .write(path: Self.pool, value: "0", condition: .basePageAllocationsFail))
    #expect(twin.observe().pools[.twoMegabytes]?.surplus == 4)
  }

  @Test func `vmalloc areas stay, and their huge leaves are counted`() throws {
    var twin = try target()
    let before = twin.observe()
    #expect(before.vmallocHugeLeaves == 0)
    let huge = RecordAction.vmalloc(byteCount: 5 << 20, mapping: .hugeAllowed, node: nil)
    #expect(twin.perform(huge) == .done)
    #expect(
      twin.perform(.vmalloc(byteCount: 5 << 20, mapping: .basePagesOnly, node: 0)) == .done)
    #expect(twin.observe().vmallocHugeLeaves == 3)
    #expect((before.freePages ?? 0) - (twin.observe().freePages ?? 0) > 2 * 5 << 8)
    for (byteCount, node, answer) in [
      (0, 0, "ENOMEM"), (-1, 0, "EINVAL"), (4096, 7, "EINVAL"), (4096, -1, "EINVAL"),
      (.max, 0, "ENOMEM"),
    ] {
      #expect(
        twin.perform(.vmalloc(byteCount: byteCount, mapping: .hugeAllowed, node: node))
          == .errno(answer))
    }
  }

  @Test func `knows no device that nobody made`() throws {
    var twin = try target()
    for action in [
      RecordAction.daxDestroy(id: "a"), .removeMemory(id: "a"),
    ] {
      if case .done = twin.perform(action) { Issue.record("\(action) was done") }
    }
  }
}
