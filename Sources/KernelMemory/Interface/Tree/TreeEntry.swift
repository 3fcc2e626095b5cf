// SPDX-License-Identifier: Apache-2.0

/// One entry of the tree's plan: a name, or a pattern of names, and what is behind it.
///
/// The plan is the same for all subsystems; how many entries a pattern stands for is asked of the
/// subsystem at each look.
struct TreeEntry: Sendable {
  /// What is behind a name.
  enum Content: Sendable {
    case directory([TreeEntry])
    case file(InterfaceFile)
    case link(TreeLink)
  }

  let name: NamePattern
  let content: Content

  /// A directory.
  static func directory(_ name: NamePattern, _ entries: [TreeEntry]) -> Self {
    Self(name: name, content: .directory(entries))
  }

  /// A directory with a fixed name.
  static func directory(_ name: StaticString, _ entries: [TreeEntry]) -> Self {
    directory(.word(name), entries)
  }

  /// A file.
  static func file(_ name: StaticString, _ file: InterfaceFile) -> Self {
    Self(name: .word(name), content: .file(file))
  }

  /// A link.
  static func link(_ name: NamePattern, _ link: TreeLink) -> Self {
    Self(name: name, content: .link(link))
  }
}

/// Where a link leads: a fixed beginning, and what its own name or place says.
struct TreeLink: Sendable {
  /// What the target ends with.
  enum Ending: Sendable {
    /// The number that the link's own name ends with.
    case number
    /// The directory of a device on the dax bus.
    case daxDevice
    /// The directory of that device's driver.
    case daxDriver
    /// Nothing more.
    case nothing
  }

  /// Everything up to that.
  let prefix: StaticString
  var ending = Ending.number
}

/// The names that an entry of the plan stands for.
enum NamePattern: Sendable {
  /// One fixed name.
  case word(StaticString)
  /// `hugepages-<KiB>kB` for each pool.
  case pools
  /// `node<N>` for each online node.
  case nodes
  /// `node<N>` for each node with memory in the block.
  case nodesOfBlock
  /// `node<N>` for the node of the CPU.
  case nodesOfCPU
  /// `memory<N>` for each block with memory.
  case blocks
  /// `memory<N>` for each block with memory of the node.
  case blocksOfNode
  /// `cpu<N>` for each CPU.
  case cpus
  /// `cpu<N>` for each CPU of the node.
  case cpusOfNode
  /// `hmem.<N>` for each region of the dax bus.
  case daxRegions
  /// `dax<R>.<N>` for each device of the dax bus.
  case daxDevices
  /// The same for each device of the region.
  case daxDevicesOfRegion
  /// The same for each device of the driver.
  case daxDevicesOfDriver(DAXDriver)
  /// `mapping<N>` for each part of the device.
  case daxParts
  /// A driver's name, if the kernel has it.
  case daxDriver(DAXDriver)
  /// A name that is there if the device has a driver.
  case daxDriverLink

  /// What stands before the number.
  var prefix: StaticString {
    switch self {
    case .word(let word): word
    case .pools: "hugepages-"
    case .nodes, .nodesOfBlock, .nodesOfCPU: "node"
    case .blocks, .blocksOfNode: "memory"
    case .cpus, .cpusOfNode: "cpu"
    case .daxRegions: "hmem."
    case .daxDevices, .daxDevicesOfRegion, .daxDevicesOfDriver: "dax"
    case .daxParts: "mapping"
    case .daxDriver(let driver): driver.name
    case .daxDriverLink: "driver"
    }
  }

  /// What stands behind the number.
  var suffix: StaticString {
    if case .pools = self { "kB" } else { "" }
  }
}

/// What the numbers in a path stand for.
struct PathArguments: Equatable, Sendable {
  /// The position of the pool in ``HugeTLB/pools``.
  var pool = 0
  /// The position of the node in ``MemoryTopology/nodes``.
  var node = 0
  /// The number of the memory block.
  var block: UInt = 0
  /// The number of the CPU.
  var cpu = 0
  /// The number of the region of the dax bus.
  var daxRegion = 0
  /// The device on the dax bus.
  var daxDevice = DAXDeviceID(region: 0, number: 0)
  /// The number of the device's part.
  var daxPart = 0
  /// The number that the last name ends with.
  var number: UInt = 0
}

/// What `stat` tells about an entry.
public struct FileAttributes: Equatable, Sendable {
  /// What an entry can be.
  public enum Kind: Sendable {
    case directory, file, link
  }

  /// What it is.
  public var kind: Kind
  /// Who may do what, in the nine bits of a mode.
  public var mode: UInt16
  /// The bytes that it claims to have; most files have more or less.
  public var byteCount: UInt
}
