// SPDX-License-Identifier: Apache-2.0

/// The files of `/proc` and `/sys` through which a memory subsystem is watched and told what to do.
///
/// Paths, texts, modes and errors are those of the kernel that the subsystem imitates, as a
/// privileged reader sees them. A file's text is made when it is read. What only a whole kernel has
/// (page cache, slabs, swap) reads as 0.
///
/// ```
/// /proc  meminfo vmstat zoneinfo buddyinfo pagetypeinfo vmallocinfo iomem cmdline
///        kpage{flags,count,cgroup} sys/vm/…
/// /sys   kernel/mm/hugepages/…   devices/system/{node,memory,cpu}/…   bus/memory/devices/…
///        devices/platform/hmem.*/…   bus/dax/{devices,drivers}/…
/// ```
///
/// Copies of a tree share its settings; make one tree for a subsystem.
public struct InterfaceTree: Sendable {
  /// The subsystem behind the files.
  public let subsystem: MemorySubsystem
  let settings: InterfaceSettings
  let plan: [TreeEntry]

  /// The tree of `subsystem`.
  public init(_ subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    settings = InterfaceSettings()
    plan = [
      .directory("proc", Self.processEntries),
      .directory(
        "sys",
        [
          .directory(
            "bus",
            [
              .directory("dax", Self.daxBusEntries),
              .directory("memory", [.directory("devices", Self.busEntries)]),
            ]),
          .directory(
            "devices",
            [
              .directory("platform", Self.daxRegionEntries),
              .directory(
                "system",
                [
                  .directory("cpu", Self.cpuEntries),
                  .directory("memory", Self.blockEntries),
                  .directory("node", Self.nodeEntries),
                ]),
            ]),
          .directory(
            "kernel", [.directory("mm", [.directory("hugepages", Self.poolEntries)])]),
          .directory("module", Self.moduleEntries),
        ]),
    ]
  }

  private static var processEntries: [TreeEntry] {
    [
      .file("buddyinfo", .buddyinfo), .file("cmdline", .commandLine), .file("iomem", .iomem),
      .file("kpagecgroup", .frames(.memoryGroups)), .file("kpagecount", .frames(.mapCounts)),
      .file("kpageflags", .frames(.flags)), .file("meminfo", .meminfo),
      .file("pagetypeinfo", .pagetypeinfo), .directory("sys", [.directory("vm", sysctlEntries)]),
      .file("vmallocinfo", .vmallocinfo), .file("vmstat", .vmstat),
      .file("zoneinfo", .zoneinfo),
    ]
  }
}

extension InterfaceTree {
  var topology: MemoryTopology { subsystem.topology }
  var allocator: PageAllocator { subsystem.allocator }
  var hugeTLB: HugeTLB { subsystem.hugeTLB }
  var policy: InterfacePolicy { subsystem.kernel.interface }
  var pageSize: PageSize { subsystem.format.pageSize }

  /// The KiB in `pageCount` base pages.
  func kibibytes(_ pageCount: UInt) -> UInt { pageCount &<< (pageSize.shift &- 10) }

  /// The position of the node that the CPUs belong to.
  ///
  /// A twin knows of no other place for them.
  var nodePositionOfCPUs: Int { hugeTLB.localNode }
}
