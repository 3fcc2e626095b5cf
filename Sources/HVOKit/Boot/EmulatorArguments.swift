// SPDX-License-Identifier: Apache-2.0

/// One start of QEMU: a machine, and what it is given to boot.
struct EmulatorStart: Equatable, Sendable {
  var machine: BootMachine
  /// The file that QEMU loads.
  var image: String
  /// The file with the script; nil if somebody types.
  var script: String?
  /// The kernel's command line.
  var commandLine = ""
  /// What the user wants QEMU to be told besides.
  var extra: [String] = []
}

extension EmulatorStart {
  /// QEMU's command line without the program.
  ///
  /// The serial port is on standard input and output, and nothing else shows anything: on x86-64 the
  /// firmware is one that prints nothing. An option of the user's takes the place of ours.
  var arguments: [String] {
    memory + [
      "-smp", "\(machine.cpuCount)", "-cpu", processor, "-display", "none", "-net", "none",
      "-no-reboot",
    ] + console + boot + extra
  }

  private var processor: String {
    machine.architecture == .x86 && machine.hasFourLevels ? "max,la57=off" : "max"
  }

  private var console: [String] {
    [["-serial", "stdio"], ["-monitor", "none"]].flatMap { extra.contains($0[0]) ? [] : $0 }
  }

  private var boot: [String] {
    let ending =
      switch machine.architecture {
      case .x86: ["-bios", "qboot.rom", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
      case .arm64: ["-semihosting"]
      }
    let loaded = ["-kernel", image] + (script.map { ["-initrd", $0] } ?? [])
    return ending + loaded + ["-append", commandLine]
  }

  /// Memory that the host has not promised: a machine costs what it touches.
  private var memory: [String] {
    let board = machine.board ?? machine.architecture.usualBoard
    let total = ["-m", "\(machine.memory)B"]
    guard machine.nodeCount > 1 else {
      return ["-M", "\(board),memory-backend=ram0"] + backend(0, machine.memory) + total
    }
    let nodes = (0..<machine.nodeCount).flatMap { node in
      backend(node, byteCount(ofNode: node)) + ["-numa", "node,memdev=ram\(node)"]
    }
    return ["-M", board] + nodes + total
  }

  private func backend(_ number: UInt, _ byteCount: UInt) -> [String] {
    ["-object", "memory-backend-ram,id=ram\(number),size=\(byteCount)B,reserve=off"]
  }

  /// Equal shares of whole mebibytes; the last node has what is left.
  private func byteCount(ofNode node: UInt) -> UInt {
    let share = ((machine.memory >> 20) / machine.nodeCount) << 20
    return node == machine.nodeCount - 1 ? machine.memory - share * node : share
  }
}
