// SPDX-License-Identifier: Apache-2.0

/// The files of the tree, each by what it shows.
///
/// Which pool, node or block a file is about stands in the path and comes as ``PathArguments``.
enum InterfaceFile: Equatable, Sendable {
  case commandLine, meminfo, vmstat, vmallocinfo, zoneinfo, buddyinfo, pagetypeinfo, iomem
  case frames(FrameFile)
  case sysctl(SysctlFile)
  case pool(PoolFile)
  case nodePool(PoolFile)
  case nodeList(NodeListFile)
  case node(NodeFile)
  case cpuList
  case blockSize, blockDefault, blockProbe, crashHotplug
  case block(BlockFile)
  case dax(DAXFile)
  case daxPart(DAXPartFile)
  case daxRegion(DAXRegionFile)
  case daxDriver(DAXDriver, DAXDriverFile)
  case hotplug(HotplugFile)
}

/// Files of `/proc/sys/vm`.
enum SysctlFile: Equatable, Sendable {
  case pageCount, pageCountByPolicy, overcommitLimit, sharedMemoryGroup, optimizesVmemmap
  case movableGiganticPages, minimumFreeKiB, compactMemory, lowmemReserveRatio
  case watermarkScaleFactor, listFraction
}

/// Files with a word for each frame.
enum FrameFile: Equatable, Sendable {
  case flags, mapCounts, memoryGroups
}

/// Files of a pool or of a node's part of it.
enum PoolFile: Equatable, Sendable {
  case pageCount, pageCountByPolicy, overcommitLimit
  case freePageCount, reservedPageCount, surplusPageCount
  case demote, demotionSize
}

/// Files that list nodes.
enum NodeListFile: Equatable, Sendable {
  case possible, online, withNormalMemory, withMemory, withCPUs, withGenericInitiators
}

/// Files of one node.
enum NodeFile: Equatable, Sendable {
  case meminfo, numastat, vmstat, distance, cpuMap, cpuList, compact, reclaim
}

/// Files of one memory block.
enum BlockFile: Equatable, Sendable {
  case physicalIndex, state, online, physicalDevice, removable, validZones
}

/// Files of one device on the dax bus.
enum DAXFile: Equatable, Sendable {
  case modalias, size, alignment, mapping, targetNode, node, resource, describesItself
  case deviceNumber, event
}

/// Files of one part of a device.
enum DAXPartFile: Equatable, Sendable {
  case start, end, offset
}

/// Files of one region of the dax bus.
enum DAXRegionFile: Equatable, Sendable {
  case number, size, alignment, availableSize, create, seed, delete
}

/// Files of one driver of the dax bus.
enum DAXDriverFile: Equatable, Sendable {
  case bind, unbind, newID, removeID
}

/// Parameters of memory that comes and goes.
enum HotplugFile: Equatable, Sendable {
  case memmapOnMemory, onlinePolicy, autoMovableRatio, autoMovableNodeAware
}

extension InterfaceFile {
  /// Who may open the file for what, in the nine bits of a mode.
  ///
  /// - Source: spec 10 sections 2 to 7.
  var mode: UInt16 {
    switch self {
    case .frames, .pagetypeinfo, .vmallocinfo: 0o400
    case .sysctl(.compactMemory), .node(.compact), .node(.reclaim), .blockProbe: 0o200
    case .sysctl: 0o644
    case .pool(let file), .nodePool(let file): file.mode
    case .blockDefault, .block(.state), .block(.online): 0o644
    case .dax(.size), .dax(.alignment), .dax(.describesItself), .dax(.event): 0o644
    case .dax(.mapping), .daxRegion(.delete), .daxDriver: 0o200
    case .dax(.resource), .daxPart, .daxRegion(.alignment): 0o400
    case .daxRegion(.create): 0o644
    case .hotplug(let file): file == .memmapOnMemory ? 0o444 : 0o644
    default: 0o444
    }
  }

  /// The size that the file reports: a page under `/sys`, nothing under `/proc`.
  var reportedByteCount: UInt {
    switch self {
    case .commandLine, .meminfo, .vmstat, .vmallocinfo, .zoneinfo, .buddyinfo, .pagetypeinfo,
      .iomem, .frames, .sysctl:
      0
    case .node(.cpuList): 28672
    default: 4096
    }
  }
}

extension PoolFile {
  fileprivate var mode: UInt16 {
    switch self {
    case .pageCount, .pageCountByPolicy, .overcommitLimit, .demotionSize: 0o644
    case .freePageCount, .reservedPageCount, .surplusPageCount: 0o444
    case .demote: 0o200
    }
  }
}
