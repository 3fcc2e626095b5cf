// SPDX-License-Identifier: Apache-2.0

import KernelMemory

// Memory devices that are plugged in and out, as the platform's firmware announces them.

extension TwinTarget {
  /// Plugs a memory device in; its blocks hold their own descriptors where the kernel allows it.
  mutating func addMemory(
    _ id: String, at start: UInt64, byteCount: Int, node: Int
  ) -> ActionOutcome {
    let start = UInt(start)
    let (end, isTooLarge) = start.addingReportingOverflow(UInt(byteCount))
    guard !isTooLarge else { return .errno("E2BIG") }
    let range = PhysicalAddress(start)..<PhysicalAddress(end)
    do throws(HotplugError) {
      try twin.subsystem.addMemory(range, to: NodeID(node), [.memmapOnMemory])
    } catch {
      return .errno("\(InterfaceError(error).name)")
    }
    memoryDevices[id] = range
    return .done
  }

  /// Asks for a memory device back, which stays if a block of it is in use.
  mutating func removeMemory(_ id: String) -> ActionOutcome {
    guard let range = memoryDevices[id] else { return .errno("ENODEV") }
    do throws(HotplugError) {
      try twin.subsystem.removeMemory(range)
    } catch {
      return .errno("\(InterfaceError(error).name)")
    }
    memoryDevices[id] = nil
    return .done
  }

  /// Writes to the state of each block that is offline.
  func writeOfflineBlocks(_ value: String) -> ActionOutcome {
    write(value, to: twin.subsystem.memoryBlocks.filter { !$0.isOnline })
  }

  /// Writes to the state of each block from number `first` on.
  func writeBlocks(from first: Int, _ value: String) -> ActionOutcome {
    write(value, to: twin.subsystem.memoryBlocks.filter { $0.number >= UInt(first) })
  }

  /// Writes to the states of blocks in the order in which a shell lists them.
  private func write(_ value: String, to blocks: [MemoryBlockSummary]) -> ActionOutcome {
    let names = blocks.map { "memory\($0.number)" }.sorted()
    return .refused(
      names.filter { name in
        write(value, to: "/sys/devices/system/memory/\(name)/state", .ordinary) != .errno("OK")
      })
  }
}
