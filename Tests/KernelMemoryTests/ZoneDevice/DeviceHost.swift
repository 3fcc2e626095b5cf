// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory
import KernelMemoryLab

/// A machine of a few sections with addresses for 6 GiB more, where devices are.
struct DeviceHost {
  let host: TestHost

  init(
    _ kernel: KernelDesign = .unified, format: PagingFormat = .x86FourLevel, cpus: Int = 1,
    commandLine: String = "", threading: HostedMachine.Threading = .one
  ) throws {
    host = try TestHost(
      memory: 2 << max(format.sectionShift, 27), kernel: kernel, format: format, cpus: cpus,
      commandLine: commandLine,
      threading: threading, room: 6 << 30)
  }

  init(_ format: PagingFormat) throws { try self.init(.unified, format: format) }

  init(_ kernel: NamedKernel, _ format: NamedFormat? = nil, commandLine: String = "") throws {
    try self.init(
      kernel.design, format: format?.format ?? .x86FourLevel, commandLine: commandLine)
  }

  var subsystem: MemorySubsystem { host.subsystem }
  var devices: DeviceMemory { subsystem.devices }
  var dax: DAXBus { subsystem.dax }
  var vmemmap: Vmemmap { subsystem.vmemmap }
  var shift: UInt { subsystem.format.pageSize.shift }
  var counted: Int { subsystem.accounting.runtimePages.load(ordering: .relaxed) }
  var complaints: [String] { host.complaints }
  var digest: SubsystemDigest { SubsystemDigest(of: subsystem) }

  /// The frames of `byteCount` bytes from `start` on.
  func frames(_ start: UInt, _ byteCount: UInt) -> FrameRange {
    FrameRange(start: PageFrameNumber(start >> shift), pageCount: byteCount >> shift)
  }

  /// The pages of `byteCount` bytes.
  func pageCount(_ byteCount: UInt) -> UInt { byteCount >> shift }

  func order(_ byteCount: UInt) -> PageOrder { PageOrder(holding: byteCount >> shift) }

  /// A map of `byteCount` bytes from `start` on, in pages of `page` bytes.
  func map(
    _ type: DeviceMemoryType = .generic, at start: UInt = 2 << 30, _ byteCount: UInt = 256 << 20,
    page: UInt = 0, altmap: Altmap? = nil, callbacks: DeviceCallbacks? = nil
  ) -> DevicePagemap {
    DevicePagemap(
      type, [frames(start, byteCount)], folioOrder: page == 0 ? .page : order(page),
      altmap: altmap, owner: 7,
      callbacks: callbacks
        ?? DeviceCallbacks(migrateToRAM: { _ in true }, folioFree: { _ in }))
  }

  /// A region of `byteCount` bytes from `start` on that allows changes.
  func region(
    _ start: UInt = 2 << 30, _ byteCount: UInt = 1 << 30, kmem: Bool = false,
    targetNode: NodeID? = NodeID(0)
  ) -> DAXRegion {
    let region = DAXRegion(
      number: dax.takeRegionNumber(), frames: frames(start, byteCount), alignment: 2 << 20,
      targetNode: targetNode, node: NodeID(0), kind: .dynamic, isMeantForKmem: kmem)
    precondition(dax.add(region), "a region of whole pages is added")
    return region
  }

  /// Lets `count` allocations succeed; the next one fails, and no page can be had for it either.
  func failAllocations(after count: UInt) {
    host.machine.failures.failAllocation(after: count)
    host.machine.failures.failBasePageAllocations(after: count)
  }

  /// The descriptor of `pfn`, as its mapping shows it.
  func descriptor(of pfn: PageFrameNumber) -> DescriptorImage? {
    DescriptorView(
      machine: host.machine, tables: subsystem.tables, vmemmap: vmemmap
    ).descriptor(of: pfn)
  }
}
