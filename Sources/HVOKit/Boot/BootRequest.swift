// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// What the user wants booted, as typed.
public struct BootRequest: Sendable {
  public var architecture: String?
  public var memory: String?
  public var nodes: String?
  public var cpus: String?
  /// QEMU's name of a board.
  public var board: String?
  /// Words for the kernel's command line.
  public var append: [String]
  /// A kernel that is built already.
  public var kernelImage: String?
  public var seconds: String?
  /// Whether all invariants are checked after each line.
  public var checksInvariants: Bool
  /// Further arguments for QEMU.
  public var emulator: [String]

  public init(
    architecture: String? = nil, memory: String? = nil, nodes: String? = nil, cpus: String? = nil,
    board: String? = nil, append: [String] = [], kernelImage: String? = nil,
    seconds: String? = nil, checksInvariants: Bool = false, emulator: [String] = []
  ) {
    (self.architecture, self.memory, self.nodes) = (architecture, memory, nodes)
    (self.cpus, self.board, self.append, self.kernelImage) = (cpus, board, append, kernelImage)
    (self.seconds, self.checksInvariants, self.emulator) = (seconds, checksInvariants, emulator)
  }
}

extension BootRequest {
  /// The machine for a script, or for somebody who types: large enough for the script unless said.
  ///
  /// - Throws: ``InputError`` for what cannot be read or cannot be.
  func machine(for setup: ScriptSetup?) throws(InputError) -> BootMachine {
    let setup = setup ?? ScriptSetup()
    var architecture = BootArchitecture(of: setup)
    if let name = self.architecture { architecture = try BootArchitecture(named: name) }
    var machine = BootMachine(architecture, for: setup)
    machine.board = board
    if let cpus {
      machine.cpuCount = try count(cpus, 1...architecture.mostCPUs, option: "--cpus")
    }
    if let memory { machine.memory = try SizeText.byteCount(memory, option: "--memory") }
    if let nodes { machine.nodeCount = try count(nodes, 1...Self.mostNodes, option: "--nodes") }
    guard machine.memory % (1 << 20) == 0, machine.memory >> 20 >= machine.nodeCount else {
      throw InputError("--memory: write whole mebibytes, and at least one for each node")
    }
    return machine
  }

  /// The most nodes that QEMU plays.
  private static var mostNodes: UInt { 128 }
  private static var usualSeconds: UInt { 120 }

  /// How long a kernel may take; nil for ever.
  ///
  /// - Unit: seconds.
  func limit(isScript: Bool) throws(InputError) -> UInt? {
    guard let seconds else { return isScript ? Self.usualSeconds : nil }
    let limit = try SizeText.count(seconds, option: "--seconds")
    guard limit <= 1_000_000 else { throw InputError("--seconds: 0 is for ever; give that") }
    return limit == 0 ? nil : limit
  }

  /// The kernel's command line.
  ///
  /// - Parameter script: what messages call the script; nil if somebody types.
  func commandLine(script: String?) -> String {
    var words = append
    if checksInvariants { words.insert("metal.check", at: 0) }
    if let script { words.insert("metal.script=\(Self.word(script))", at: 0) }
    return words.joined(separator: " ")
  }

  /// A name as one word.
  private static func word(_ name: String) -> String {
    String(name.map { $0.isWhitespace || $0.isNewline ? "_" : $0 })
  }

  /// The further arguments for QEMU, word by word.
  var emulatorWords: [String] {
    emulator.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
  }

  private func count(
    _ text: String, _ range: ClosedRange<UInt>, option: String
  ) throws(InputError) -> UInt {
    let number = try SizeText.count(text, option: option)
    guard range.contains(number) else {
      throw InputError("\(option): from \(range.lowerBound) to \(range.upperBound), not \(number)")
    }
    return number
  }
}
