// SPDX-License-Identifier: Apache-2.0

// Base pages that somebody has, and memory that turns out bad.

extension ScriptRunner {
  /// Takes base pages; a process that does not get all of them is gone, with what it had.
  func take(_ request: PagesRequest) throws(InterfaceError) -> ScriptOutcome.Result {
    let subsystem = tree.subsystem
    let node = request.node ?? subsystem.nodeIDs[0]
    guard subsystem.nodeIDs.contains(node) else { return .nothingThere }
    if processes.contains(where: { $0.name[...].isEqual(to: request.name[...]) }) { throw .exists }
    let process = SimulatedProcess(of: subsystem)
    let count =
      request.isFixed
      ? process.takeKernelPages(request.pageCount, on: node)
      : process.takePages(request.pageCount, on: node)
    guard count == request.pageCount else {
      process.exit()
      throw .outOfMemory
    }
    processes.append((request.name, process))
    return .succeeded
  }

  func release(_ name: [UInt8]) -> ScriptOutcome.Result {
    guard let index = processes.firstIndex(where: { $0.name[...].isEqual(to: name[...]) }) else {
      return .nothingThere
    }
    processes.remove(at: index).process.exit()
    return .succeeded
  }

  func poison(_ address: UInt) throws(InterfaceError) {
    do throws(PoisonError) {
      try tree.hugeTLB.poison(tree.pageSize.frame(containing: PhysicalAddress(address)))
    } catch {
      switch error {
      case .notHugePage: throw .noAddress
      case .alreadyPoisoned: throw .poisonedMemory
      }
    }
  }

  func unpoison(_ address: UInt) throws(InterfaceError) {
    do throws(UnpoisonError) {
      try tree.hugeTLB.unpoison(tree.pageSize.frame(containing: PhysicalAddress(address)))
    } catch {
      switch error {
      case .notPoisoned: throw .noAddress
      case .busy: throw .busy
      }
    }
  }
}
