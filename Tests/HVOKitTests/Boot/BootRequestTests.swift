// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import Testing

@testable import HVOKit

@Suite struct `A machine to boot` {
  private func machine(
    _ script: String?, _ request: BootRequest = BootRequest()
  ) throws -> BootMachine {
    let setup = try script.map { try Script(Array($0.utf8)[...]).setup }
    return try request.machine(for: setup)
  }

  @Test func `has 12 GiB, four CPUs and one node unless said`() throws {
    let machine = try machine(nil)
    #expect(machine == BootMachine(.x86))
    #expect(machine.memory == 12 << 30)
    #expect((machine.cpuCount, machine.nodeCount) == (4, 1))
    #expect(!machine.hasFourLevels)
  }

  @Test func `is what the options say`() throws {
    let machine = try machine(
      "#@ machine memory=4G cpus=2",
      BootRequest(architecture: "aarch64", memory: "2G", nodes: "2", cpus: "8", board: "virt-7.2"))
    #expect(machine.architecture == .arm64)
    #expect(machine.memory == 2 << 30)
    #expect((machine.cpuCount, machine.nodeCount) == (8, 2))
    #expect(machine.board == "virt-7.2")
  }

  @Test func `is large enough for the script's own`() throws {
    let large = try machine("#@ machine memory=64G cpus=16")
    // It ends at 65 GiB, as there is a gap below 4 GiB, and the kernel takes a part.
    #expect(large.memory == 67 << 30)
    #expect(large.cpuCount == 16)
    let small = try machine("#@ machine memory=64M")
    #expect(small.memory == 12 << 30)
    #expect(small.cpuCount == 4)
  }

  @Test func `has the levels of page tables that the script wants`() throws {
    #expect(try machine("#@ machine memory=64M").hasFourLevels)
    #expect(try !machine("#@ machine memory=64M arch=x86_64-la57").hasFourLevels)
    #expect(try !machine("true").hasFourLevels)
  }

  @Test func `has the architecture of the script`() throws {
    let script = "#@ machine memory-map=0x40000000-0x60000000:usable arch=arm64-4k"
    #expect(try machine(script).architecture == .arm64)
    // The kernel says what it thinks of that.
    #expect(try machine("#@ machine arch=riscv64-sv48").architecture == .x86)
    #expect(try machine(script, BootRequest(architecture: "x86_64")).architecture == .x86)
  }

  @Test(arguments: [
    (BootRequest(architecture: "vax"), "--arch"), (BootRequest(memory: "much"), "--memory"),
    (BootRequest(memory: "1"), "--memory"), (BootRequest(memory: "4M", nodes: "8"), "--memory"),
    (BootRequest(cpus: "0"), "--cpus"), (BootRequest(cpus: "33"), "--cpus"),
    (BootRequest(architecture: "arm64", cpus: "9"), "--cpus"), (BootRequest(nodes: "0"), "--nodes"),
    (BootRequest(nodes: "129"), "--nodes"), (BootRequest(nodes: "x"), "--nodes"),
  ])
  func `is refused with the option's name if it cannot be`(
    request: BootRequest, option: String
  ) throws {
    let error = try #require(throws: InputError.self) { try request.machine(for: nil) }
    #expect(error.description.hasPrefix(option))
  }
}

@Suite struct `A request to boot` {
  @Test func `gives a script two minutes, and whoever types all the time`() throws {
    #expect(try BootRequest().limit(isScript: true) == 120)
    #expect(try BootRequest().limit(isScript: false) == nil)
    #expect(try BootRequest(seconds: "7").limit(isScript: false) == 7)
    #expect(try BootRequest(seconds: "0").limit(isScript: true) == nil)
    #expect(throws: InputError.self) { try BootRequest(seconds: "-1").limit(isScript: true) }
  }

  @Test func `puts the kernel's own words before those of the user`() {
    let request = BootRequest(append: ["hugepages=2 mem=1G", "no5lvl"], checksInvariants: true)
    #expect(
      request.commandLine(script: "a.hvo")
        == "metal.script=a.hvo metal.check hugepages=2 mem=1G no5lvl")
    #expect(BootRequest().commandLine(script: nil) == "")
  }

  @Test func `makes one word of a script's name`() {
    #expect(BootRequest().commandLine(script: "my own\n.hvo") == "metal.script=my_own_.hvo")
  }

  @Test func `takes arguments for QEMU apart at blanks`() {
    let request = BootRequest(emulator: ["-icount shift=0", " -s "])
    #expect(request.emulatorWords == ["-icount", "shift=0", "-s"])
  }
}
