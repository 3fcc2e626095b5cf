// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// One run of the kernel: a script from the first module, on the machine that it describes or on the
/// real one; without a module, whatever somebody types.
struct Session {
  private let commandLine: CommandLine
  private let real: RealMachine

  init(_ commandLine: CommandLine, _ real: RealMachine) {
    (self.commandLine, self.real) = (commandLine, real)
  }

  /// Runs it.
  func run() -> Verdict {
    let text = scriptText
    let script: Script
    do throws(ScriptError) {
      script = try Script(text[...])
    } catch {
      var sink = TextSink()
      sink.append(commandLine.scriptName)
      sink.append(": line ")
      sink.appendDecimal(signed: error.line)
      sink.append(": ")
      sink.append(error.problem.message)
      return refuse(sink)
    }
    return run(script, text)
  }

  private var scriptText: [UInt8] {
    let piece = unsafe Boot.placement.script
    guard piece.byteCount > 0 else { return [] }
    return RawMemory.bytes(at: KernelMemoryMap.directMap + piece.start, count: piece.byteCount)
  }

  private func run(_ script: Script, _ text: [UInt8]) -> Verdict {
    let boot: MachineBoot
    do throws(MachineRefusal) {
      boot = try MachineBoot(
        script, commandLine: join(commandLine.rest, script.setup.commandLine), on: real)
    } catch {
      var sink = TextSink()
      sink.append(error.message)
      return refuse(sink)
    }
    let machine = MetalMachine(
      span: boot.span, regime: boot.configuration.format.regime, cpuCount: boot.cpuCount,
      directMapBase: VirtualAddress(KernelMemoryMap.directMap), hooks: .kernel)
    do throws(BootError) {
      let tree = InterfaceTree(try MemorySubsystem(boot.configuration, on: machine))
      guard !text.isEmpty else {
        var shell = Shell(tree, checksInvariants: commandLine.checksInvariants)
        return shell.run()
      }
      var console = ScriptConsole(
        script, text: text, name: commandLine.scriptName,
        tree, checksInvariants: commandLine.checksInvariants)
      let verdict = console.run()
      guard let show = commandLine.show else { return verdict }
      return show.run(tree) && verdict == .good ? .good : .bad
    } catch {
      var sink = TextSink()
      sink.append("the subsystem does not boot")
      return refuse(sink)
    }
  }

  private func join(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    first.isEmpty || second.isEmpty ? first + second : first + [0x20] + second
  }

  private func refuse(_ sink: TextSink) -> Verdict {
    SerialPort.write("kernel: ")
    SerialPort.write(sink.bytes)
    SerialPort.write("\n")
    return .unusable
  }
}
