// SPDX-License-Identifier: Apache-2.0

extension ScriptRunner {
  /// Memory that a script has added and named.
  struct NamedMemory {
    let name: [UInt8]
    let range: Range<PhysicalAddress>
  }

  func add(_ request: MemoryRequest) throws(InterfaceError) {
    let subsystem = tree.subsystem
    let node = request.node ?? subsystem.nodeOfMemory(at: request.range.lowerBound)
    do throws(HotplugError) {
      try subsystem.addMemory(request.range, to: node, request.options)
    } catch {
      throw InterfaceError(error)
    }
    if !request.name.isEmpty {
      addedMemories.append(NamedMemory(name: request.name, range: request.range))
    }
  }

  func remove(_ target: MemoryTarget) throws(InterfaceError) -> ScriptOutcome.Result {
    let range: Range<PhysicalAddress>
    switch target {
    case .range(let wanted): range = wanted
    case .name(let name):
      guard let memory = addedMemories.last(where: { $0.name[...].isEqual(to: name[...]) }) else {
        return .nothingThere
      }
      range = memory.range
    }
    do throws(HotplugError) {
      try tree.subsystem.removeMemory(range)
    } catch {
      throw InterfaceError(error)
    }
    addedMemories.removeAll { $0.range == range }
    return .succeeded
  }
}
