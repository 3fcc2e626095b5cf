// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

@Suite struct `What QEMU is told` {
  @Test func `is a PC with firmware that prints nothing, and a device to end with`() {
    let start = EmulatorStart(
      machine: BootMachine(.x86), image: "Kernel", script: "a.hvo", commandLine: "metal.check")
    #expect(
      start.arguments == [
        "-M", "pc,memory-backend=ram0",
        "-object", "memory-backend-ram,id=ram0,size=12884901888B,reserve=off",
        "-m", "12884901888B", "-smp", "4", "-cpu", "max",
        "-display", "none", "-net", "none", "-no-reboot", "-serial", "stdio", "-monitor", "none",
        "-bios", "qboot.rom", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        "-kernel", "Kernel", "-initrd", "a.hvo", "-append", "metal.check",
      ])
  }

  @Test func `is a board for arm64 that listens to semihosting`() {
    let start = EmulatorStart(machine: BootMachine(.arm64), image: "Kernel.bin")
    #expect(start.arguments.starts(with: ["-M", "virt,memory-backend=ram0"]))
    #expect(
      start.arguments.suffix(5) == ["-semihosting", "-kernel", "Kernel.bin", "-append", ""])
  }

  @Test func `is where each node's memory is`() {
    var machine = BootMachine(.x86)
    (machine.memory, machine.nodeCount, machine.board) = (1 << 30, 3, "q35")
    let arguments = EmulatorStart(machine: machine, image: "Kernel").arguments
    #expect(
      arguments.prefix(16) == [
        "-M", "q35",
        "-object", "memory-backend-ram,id=ram0,size=357564416B,reserve=off",
        "-numa", "node,memdev=ram0",
        "-object", "memory-backend-ram,id=ram1,size=357564416B,reserve=off",
        "-numa", "node,memdev=ram1",
        "-object", "memory-backend-ram,id=ram2,size=358612992B,reserve=off",
        "-numa", "node,memdev=ram2",
        "-m", "1073741824B",
      ])
    #expect(357_564_416 * 2 + 358_612_992 == 1 << 30)
  }

  @Test func `leaves a level of page tables out where a script wants four`() {
    var machine = BootMachine(.x86)
    machine.hasFourLevels = true
    #expect(EmulatorStart(machine: machine, image: "").arguments.contains("max,la57=off"))
    machine.architecture = .arm64
    #expect(EmulatorStart(machine: machine, image: "").arguments.contains("max"))
  }

  @Test func `is what the user adds, which takes the place of our console`() {
    var start = EmulatorStart(machine: BootMachine(.x86), image: "Kernel")
    start.extra = ["-serial", "file:x", "-icount", "shift=0"]
    let arguments = start.arguments
    #expect(arguments.suffix(4) == ["-serial", "file:x", "-icount", "shift=0"])
    #expect(!arguments.contains("stdio"))
    #expect(arguments.contains("-monitor"))
    start.extra = ["-monitor", "stdio"]
    #expect(start.arguments.count { $0 == "-monitor" } == 1)
  }
}
