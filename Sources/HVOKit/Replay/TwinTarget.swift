// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// A twin that is put through a record.
public struct TwinTarget: RecordTarget {
  /// The twin.
  public let twin: Twin
  /// What the recorded kernel and its programs had in use from the start.
  var residents: ResidentMemory
  private var process: SimulatedProcess
  /// Memory that the recorded kernel has lost and this one has not.
  private var losses: LostMemory
  /// Memory devices that were plugged in, by the record's names.
  var memoryDevices: [String: Range<PhysicalAddress>] = [:]

  /// Boots the machine of `record`.
  ///
  /// What the recorded kernel and its programs held after boot is held from the start.
  ///
  /// - Throws: ``InputError`` if it is no machine that can boot.
  public init(_ record: Record) throws(InputError) {
    var specification = try TwinSpecification(record)
    let bare = try Twin(specification)
    specification.configuration.occupiedBytes = bare.memoryReserved(in: record)
    twin = try Twin(specification)
    residents = ResidentMemory(of: record, on: twin.subsystem)
    process = SimulatedProcess(of: twin.subsystem)
    losses = LostMemory(of: record.kernel, on: twin.subsystem)
  }

  public mutating func perform(_ action: RecordAction) -> ActionOutcome {
    switch action {
    case .write(let path, let value, let condition): writeAndLose(value, to: path, condition)
    case .read(let path): read(path)
    case .mapHuge(let count, let pageBytes, let manner): map(count, pageBytes, manner)
    case .unmapAll: unmapAll()
    case .consumeMemory: consumeMemory()
    case .addMemory(let id, let start, let byteCount, let node):
      addMemory(id, at: start, byteCount: byteCount, node: node)
    case .removeMemory(let id): removeMemory(id)
    case .everyOfflineBlock(let value): settled(writeOfflineBlocks(value))
    case .everyBlockFrom(let first, let value): settled(writeBlocks(from: first, value))
    case .daxCreate, .daxDestroy, .kmemBind, .kmemUnbind, .pmemUnbind, .loadDrivers:
      performOnDevices(action)
    case .vmalloc(let byteCount, let mapping, let node): allocate(byteCount, mapping, node)
    }
  }
}

extension TwinTarget {
  /// Lets residents follow memory that has come, and passes `outcome` on.
  private mutating func settled(_ outcome: ActionOutcome) -> ActionOutcome {
    residents.settle()
    return outcome
  }

  /// Writes, and loses what the recorded kernel loses then.
  private mutating func writeAndLose(
    _ value: String, to path: String, _ condition: WriteCondition
  ) -> ActionOutcome {
    let outcome = write(value, to: path, condition)
    losses.update()
    return outcome
  }

  /// Writes as the recorder did: in one call, with `\n` in the value for a newline.
  func write(
    _ value: String, to path: String, _ condition: WriteCondition
  ) -> ActionOutcome {
    if condition == .basePageAllocationsFail { twin.machine.failures.failBasePageAllocations() }
    defer { if condition == .basePageAllocationsFail { twin.machine.failures.stopFailing() } }
    let file = Array(path.utf8)[...]
    do throws(InterfaceError) {
      // What cannot be opened for writing fails before anything is written.
      let mode = try twin.tree.attributes(of: file).mode
      guard mode & 0o222 != 0 else { return .errno("open:EACCES") }
      let text = value.replacing("\\n", with: "\n")
      try twin.tree.write(Array(text.utf8)[...], to: file)
      return .errno("OK")
    } catch {
      return .errno(error == .noEntry ? "open:ENOENT" : "\(error.name)")
    }
  }

  private func read(_ path: String) -> ActionOutcome {
    do throws(InterfaceError) {
      return .text(
        String(decoding: try twin.tree.read(Array(path.utf8)[...]), as: UTF8.self))
    } catch {
      return .errno(error == .noEntry ? "open:ENOENT" : "\(error.name)")
    }
  }

  /// Maps huge pages, and tells what the recorder's program would print.
  private func map(_ count: Int, _ pageBytes: Int, _ manner: MappingManner) -> ActionOutcome {
    guard let pages = UInt(exactly: count), let byteCount = UInt(exactly: pageBytes) else {
      return .lines(["mmap EINVAL"])
    }
    do throws(SimulatedProcessError) {
      let mapping = try process.mapHugePages(
        pages, of: byteCount, manner == .touchWithoutReserve ? .unreserved : .reserved)
      guard manner != .reserve else { return .lines(["mmap OK"]) }
      try process.touch(mapping)
      return .lines(["mmap OK", "touch OK"])
    } catch {
      return .lines(Self.lines(for: error))
    }
  }

  private static func lines(for error: SimulatedProcessError) -> [String] {
    switch error {
    case .outOfMemory: ["mmap ENOMEM"]
    case .busError: ["mmap OK", "touch signal 7"]
    case .noSuchPageSize, .noSuchMapping: ["mmap EINVAL"]
    }
  }

  private mutating func unmapAll() -> ActionOutcome {
    process.exit()
    return .done
  }

  private mutating func consumeMemory() -> ActionOutcome {
    process.consumeMemory()
    return .done
  }

  /// Allocates an area, which stays.
  private func allocate(
    _ byteCount: Int, _ mapping: VmallocMapping, _ node: Int?
  ) -> ActionOutcome {
    guard let size = UInt(exactly: byteCount), (node ?? 0) >= 0, (node ?? 0) < NodeID.limit else {
      return .errno("EINVAL")
    }
    do throws(VmallocError) {
      _ = try twin.subsystem.allocateVmallocArea(
        VmallocRequest(
          byteCount: size, mapping: mapping == .hugeAllowed ? .largestThatFits : .basePages,
          node: node.map { NodeID($0) }))
      return .done
    } catch {
      return .errno(error == .noSuchNode ? "EINVAL" : "ENOMEM")
    }
  }
}
