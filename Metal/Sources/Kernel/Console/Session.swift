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
    if let word = commandLine.unknownWord { return refuse("there is no such word: ", word) }
    let text = scriptText
    do throws(ScriptError) {
      return run(try Script(text[...]), text)
    } catch {
      var place = TextSink()
      place.append(commandLine.scriptName)
      place.append(": line ")
      place.appendDecimal(signed: error.line)
      place.append(": ")
      return refuse(place, error.problem.message)
    }
  }

  private var scriptText: [UInt8] {
    let piece = unsafe Boot.placement.script
    guard piece.byteCount > 0 else { return [] }
    return RawMemory.bytes(at: KernelMemoryMap.directMap + piece.start, count: piece.byteCount)
  }

  private func run(_ script: Script, _ text: [UInt8]) -> Verdict {
    let tree: InterfaceTree
    do throws(MachineRefusal) {
      tree = try MachineBoot(
        script, commandLine: join(commandLine.rest, script.setup.commandLine), on: real
      ).start()
    } catch {
      var place = TextSink()
      place.append(commandLine.scriptName)
      place.append(": ")
      return refuse(place, error.message)
    }
    let verdict = use(tree, script, text)
    guard let show = commandLine.show else { return verdict }
    return show.run(tree) && verdict == .good ? .good : .bad
  }

  private func use(_ tree: InterfaceTree, _ script: Script, _ text: [UInt8]) -> Verdict {
    guard !text.isEmpty else {
      var shell = Shell(tree, checksInvariants: commandLine.checksInvariants)
      return shell.run()
    }
    var console = ScriptConsole(
      script, text: text, name: commandLine.scriptName, tree,
      checksInvariants: commandLine.checksInvariants)
    return console.run()
  }

  private func join(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    first.isEmpty || second.isEmpty ? first + second : first + [0x20] + second
  }

  private func refuse(_ place: TextSink, _ reason: StaticString) -> Verdict {
    SerialPort.write("kernel: ")
    SerialPort.write(place.bytes)
    SerialPort.write(reason)
    SerialPort.write("\n")
    return .unusable
  }

  private func refuse(_ reason: StaticString, _ word: [UInt8]) -> Verdict {
    SerialPort.write("kernel: ")
    SerialPort.write(reason)
    SerialPort.write(word)
    SerialPort.write("\n")
    return .unusable
  }
}
