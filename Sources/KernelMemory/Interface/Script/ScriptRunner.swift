// SPDX-License-Identifier: Apache-2.0

/// Runs a script's commands against a tree of files, and keeps what they leave behind.
///
/// The runner stands for one shell and the processes that it starts: it has a current CPU, the
/// mappings of its processes, and remembers the last command for the expectations that follow.
/// One thread uses it at a time.
public final class ScriptRunner {
  /// The files that commands read and write.
  public let tree: InterfaceTree
  private struct Mapping {
    let name: [UInt8]
    let mapping: HugeMapping
  }

  private struct Area {
    let name: [UInt8]
    let start: VirtualAddress
  }

  /// The number behind a field when it was remembered.
  struct Memory {
    let field: ScriptField
    let number: UInt
  }

  private var mappings: [Mapping] = []
  private var areas: [Area] = []
  /// Memory that was added, by name.
  var addedMemories: [NamedMemory] = []
  private(set) var memories: [Memory] = []
  /// Memory of devices that has descriptors, by name.
  var deviceMaps: [(name: [UInt8], map: DevicePagemap)] = []
  /// Processes that took base pages, by name.
  var processes: [(name: [UInt8], process: SimulatedProcess)] = []
  private var cpu = CPUID(0)
  /// How the last command that is no expectation ended.
  private(set) var lastError: InterfaceError?
  /// What it printed.
  private(set) var lastOutput: [UInt8] = []

  /// A runner on CPU 0, with nothing mapped.
  public init(_ tree: InterfaceTree) { self.tree = tree }

  deinit { endProcesses() }

  /// Ends what scripts have started: mappings, areas and processes are gone, memory of devices loses
  /// its descriptors unless somebody uses it.
  public func endProcesses() {
    unmapAll()
    for area in areas { try? tree.subsystem.freeVmallocArea(at: area.start) }
    areas = []
    for process in processes { process.process.exit() }
    processes = []
    deviceMaps.removeAll { tree.subsystem.devices.unmap($0.map) != .draining }
  }

  /// Runs all lines of a script, also behind one that fails; none if it is for other kernels.
  ///
  /// - Returns: how each line went.
  public func run(_ script: Script, output: inout TextSink) -> [ScriptOutcome] {
    guard script.setup.kernels.contains(tree.subsystem.kernel) else {
      return script.lines.map { ScriptOutcome(line: $0.number, result: .skipped) }
    }
    var outcomes: [ScriptOutcome] = []
    var lastCommand: Int?
    for line in script.lines {
      let outcome = run(line.command, line: line.number, output: &output)
      outcomes.append(outcome)
      guard case .expect(let expectation, on: _) = line.command else {
        lastCommand = outcomes.count - 1
        continue
      }
      if case .error = expectation, outcome.result == .succeeded, let lastCommand,
        case .failed(let error) = outcomes[lastCommand].result
      {
        outcomes[lastCommand].result = .failedAsExpected(error)
      }
    }
    return outcomes
  }

  /// Runs one command; what it prints goes to `output`.
  public func run(
    _ command: ScriptCommand, line: Int, output: inout TextSink
  ) -> ScriptOutcome {
    if case .expect(let expectation, on: let kernels) = command {
      let applies = kernels.contains(tree.subsystem.kernel)
      return ScriptOutcome(line: line, result: applies ? meets(expectation) : .skipped)
    }
    var text = TextSink()
    let result = tree.subsystem.machine.run(on: cpu) { perform(command, output: &text) }
    lastOutput = text.bytes
    lastError = if case .failed(let error) = result { error } else { nil }
    output.append(lastOutput)
    return ScriptOutcome(line: line, result: result)
  }

  private func perform(
    _ command: ScriptCommand, output: inout TextSink
  ) -> ScriptOutcome.Result {
    do throws(InterfaceError) {
      switch command {
      case .write(let text, let path): try tree.writeAll(text[...], to: path[...])
      case .show(let paths): for path in paths { output.append(try tree.read(path[...])) }
      case .list(let paths): for path in paths { try list(path, output: &output) }
      default: return try performDirective(command, output: &output)
      }
      return .succeeded
    } catch {
      return .failed(error)
    }
  }

  private func list(_ path: [UInt8], output: inout TextSink) throws(InterfaceError) {
    if try tree.attributes(of: path[...]).kind == .file {
      output.append(path)
      output.newline()
      return
    }
    let names = try tree.entries(of: path[...])
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      output.append(name)
      output.newline()
    }
  }

  private func performDirective(
    _ command: ScriptCommand, output: inout TextSink
  ) throws(InterfaceError) -> ScriptOutcome.Result {
    let failures = tree.subsystem.machine.failures
    switch command {
    case .print(let text): output.append(text)
    case .failAllocation(let count, let gap):
      failures.failAllocation(after: count, andAgainAfter: gap)
    case .failBasePages(let count): failures.failBasePageAllocations(after: count)
    case .failNothing: failures.stopFailing()
    case .mapHuge(let request): return try map(request)
    case .unmap(let name): return unmap(name)
    case .vmalloc(let request, let name): return try allocate(request, as: name)
    case .vfree(let name): return try free(name)
    case .addMemory(let request): try add(request)
    case .removeMemory(let target): return try remove(target)
    case .useCPU(let number):
      guard number < tree.subsystem.machine.cpuCount else { return .nothingThere }
      cpu = CPUID(number)
    case .takePages(let request): return try take(request)
    case .releasePages(let name): return release(name)
    case .poison(let address): try poison(address)
    case .unpoison(let address): try unpoison(address)
    case .remember(let field): remember(field)
    case .check: return check(output: &output)
    case .daxDevice, .mapDevice, .unmapDevice, .useDevicePage, .releaseDevicePage,
      .loadDrivers:
      return try performOnDevices(command)
    case .nothing, .write, .show, .list, .expect: break
    }
    return .succeeded
  }

  /// Remembers a number; nothing if the file has none there, which a comparison will tell.
  private func remember(_ field: ScriptField) {
    memories.removeAll { $0.field == field }
    guard let number = number(of: field) else { return }
    memories.append(Memory(field: field, number: number))
  }

  // MARK: Mappings

  /// Maps huge pages; a process that finds no page where it touches one is gone with its mapping.
  private func map(_ request: HugeMapRequest) throws(InterfaceError) -> ScriptOutcome.Result {
    let pools = tree.hugeTLB.pools
    guard let pool = pools.first(where: { $0.byteCount == request.pageByteCount }) else {
      return .nothingThere
    }
    let mapping: HugeMapping
    do throws(MappingError) {
      mapping = try HugeMapping(
        pool: pool, pageCount: request.pageCount,
        manner: request.use == .touchUnreserved ? .noReserve : .reserve)
    } catch {
      throw .outOfMemory
    }
    if request.use != .reserve, (try? mapping.touchAll()) == nil {
      mapping.release()
      throw .noSpace
    }
    mappings.append(Mapping(name: request.name, mapping: mapping))
    return .succeeded
  }

  private func unmap(_ name: [UInt8]?) -> ScriptOutcome.Result {
    guard let name else {
      unmapAll()
      return .succeeded
    }
    guard let index = mappings.firstIndex(where: { $0.name[...].isEqual(to: name[...]) }) else {
      return .nothingThere
    }
    mappings.remove(at: index).mapping.release()
    return .succeeded
  }

  /// Unmaps everything that was mapped, as when all processes end.
  public func unmapAll() {
    for mapping in mappings { mapping.mapping.release() }
    mappings = []
  }

  // MARK: Vmalloc areas

  private func allocate(
    _ request: VmallocRequest, as name: [UInt8]
  ) throws(InterfaceError) -> ScriptOutcome.Result {
    if areas.contains(where: { $0.name[...].isEqual(to: name[...]) }) { throw .exists }
    do throws(VmallocError) {
      let range = try tree.subsystem.allocateVmallocArea(request)
      areas.append(Area(name: name, start: range.lowerBound))
      return .succeeded
    } catch {
      if error == .noSuchNode { return .nothingThere }
      throw .outOfMemory
    }
  }

  private func free(_ name: [UInt8]) throws(InterfaceError) -> ScriptOutcome.Result {
    guard let index = areas.firstIndex(where: { $0.name[...].isEqual(to: name[...]) }) else {
      return .nothingThere
    }
    do throws(VfreeError) {
      try tree.subsystem.freeVmallocArea(at: areas.remove(at: index).start)
    } catch {
      throw .invalid
    }
    return .succeeded
  }
}
