// SPDX-License-Identifier: Apache-2.0

/// A machine and its kernel, as a scenario describes them: pieces of memory on nodes, room for more,
/// boot parameters.
///
/// Its lines are a script's, so whatever runs here also runs in `hvo run`.
public struct LabMachine: Equatable, Sendable {
  /// Memory of one node.
  public struct Piece: Equatable, Sendable {
    /// The node's number.
    public var node: Int
    /// The addresses.
    public var bytes: Range<UInt>
    /// Whether a device has it.
    public var isDevice: Bool

    public init(node: Int, bytes: Range<UInt>, isDevice: Bool = false) {
      (self.node, self.bytes, self.isDevice) = (node, bytes, isDevice)
    }
  }

  /// The name of the paging format.
  public var architecture = "x86_64"
  /// The name of the kernel.
  public var kernel = "unified"
  /// The memory, ascending; empty for 1 GiB on one node.
  public var pieces: [Piece] = []
  /// Nodes that have none.
  public var memorylessNodes: [Int] = []
  /// Addresses behind the memory for more.
  ///
  /// - Unit: bytes.
  public var room: UInt = 0
  public var cpuCount = 1
  /// The kernel's command line.
  public var parameters: [String] = []

  /// 1 GiB on one node.
  public init() {}

  /// The lines that describe it.
  public var lines: [String] {
    var lines = ["#@ machine " + properties.joined(separator: " "), "#@ kernel \(kernel)"]
    if !parameters.isEmpty { lines.append("#@ boot " + parameters.joined(separator: " ")) }
    return lines
  }

  private var properties: [String] {
    var words = ["arch=\(architecture)", "cpus=\(cpuCount)"]
    if !pieces.isEmpty {
      words.append("memory-map=" + pieces.map { $0.mapEntry }.joined(separator: ","))
      words += pieces.filter { !$0.isDevice }.map { "node=\($0.range)@\($0.node)" }
    }
    words += memorylessNodes.map { "empty-node=\($0)" }
    if room > 0 { words.append("room=\(room >> 20)M") }
    return words
  }
}

extension LabMachine.Piece {
  fileprivate var mapEntry: String { "\(range):\(isDevice ? "soft-reserved" : "usable")" }

  fileprivate var range: String {
    "0x\(String(bytes.lowerBound, radix: 16))-0x\(String(bytes.upperBound, radix: 16))"
  }
}
