// SPDX-License-Identifier: Apache-2.0

/// What a memory subsystem is started with.
public struct BootConfiguration: Sendable {
  /// The kernel that is imitated.
  public var kernel: KernelDesign
  /// The architecture's page tables.
  public var format: PagingFormat
  /// The memory as firmware reports it.
  public var memoryMap: MemoryMap
  /// Which memory belongs to which node.
  public var layout: NodeLayout
  /// The kernel command line.
  public var commandLine: [UInt8]
  /// Bytes on nodes that something else holds from the start, such as what runs on the host.
  public var occupiedBytes: [NodeBytes]
  /// What decides how large memory blocks are.
  public var blockSize: BlockSizeRule

  /// A number of bytes on a node.
  public struct NodeBytes: Equatable, Sendable {
    /// The node.
    public var node: NodeID
    /// How many bytes.
    public var byteCount: UInt
    /// Where they may lie.
    public var bounds: Range<PhysicalAddress>
    /// Which end of that they lie at.
    public var end: End

    /// An end of a range of memory.
    public enum End: Sendable { case low, high }

    /// Says that there are `byteCount` bytes on `node`, in the lowest or highest free memory within
    /// `bounds`.
    public init(
      node: NodeID, byteCount: UInt,
      bounds: Range<PhysicalAddress> = PhysicalAddress(0)..<PhysicalAddress(.max), end: End = .low
    ) {
      self.node = node
      self.byteCount = byteCount
      self.bounds = bounds
      self.end = end
    }
  }

  /// A machine with `memoryMap`, an empty command line and one node.
  public init(
    kernel: KernelDesign = .unified, format: PagingFormat = .x86FourLevel, memoryMap: MemoryMap,
    layout: NodeLayout = .single, commandLine: [UInt8] = [], occupiedBytes: [NodeBytes] = [],
    blockSize: BlockSizeRule = BlockSizeRule()
  ) {
    self.kernel = kernel
    self.format = format
    self.memoryMap = memoryMap
    self.layout = layout
    self.commandLine = commandLine
    self.occupiedBytes = occupiedBytes
    self.blockSize = blockSize
  }
}

extension BootConfiguration {
  /// The same with as much of the command line as a kernel of this architecture gets to see.
  var withRealCommandLine: Self {
    var result = self
    let limit = Platform.platform(for: format.regime).commandLineLimit
    result.commandLine = Array(commandLine[...].untilNul.prefix(limit - 1))
    return result
  }

  /// The memory that the kernel will find: what firmware reports, as `mem=` and `memmap=` change it.
  public var memoryMapWithEdits: MemoryMap {
    let seen = withRealCommandLine
    let parameters = BootParameters(
      commandLine: seen.commandLine[...], rules: kernel.bootParameters)
    return seen.memoryMap(changedBy: parameters)
  }

  /// What firmware reports, with the edits of the command line.
  func memoryMap(changedBy parameters: BootParameters) -> MemoryMap {
    var map = memoryMap
    map.apply(parameters.memoryMapEdits)
    return map
  }
}

/// Why a memory subsystem could not be started.
public enum BootError: Error, Equatable, Sendable {
  /// The memory map has no usable memory, or the command line took it all away.
  case noMemory
  /// Memory lies beyond what the architecture can address.
  case addressTooHigh(PhysicalAddress)
  /// Not even the first page tables fit into memory.
  case outOfMemory
  /// The machine's memory ends before that of the map.
  case machineTooSmall(bytes: UInt)
}
