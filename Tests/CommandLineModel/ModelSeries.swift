// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// What the model knows of a series of kernels; written apart from the rules under test.
///
/// - Source: spec 05 section 15, spec 06 sections 12 and 16, spec 10 section 12. Lists of nodes came
///   after 5.14, `enabled` and `disabled` after 6.12.
public struct ModelSeries: Sendable {
  public let name: String
  /// The rules under test.
  public let rules: BootParameterRules
  let year: Year

  enum Year: Comparable { case of5_14, of6_1, of6_12, of7_2 }

  /// Every series.
  public static let all = [
    Self(name: "5.14", rules: KernelDesign.linux5_14.bootParameters, year: .of5_14),
    Self(name: "6.1", rules: KernelDesign.linux6_1.bootParameters, year: .of6_1),
    Self(name: "6.12", rules: KernelDesign.linux6_12.bootParameters, year: .of6_12),
    Self(name: "7.2", rules: KernelDesign.linux7_2.bootParameters, year: .of7_2),
    Self(name: "unified", rules: KernelDesign.unified.bootParameters, year: .of7_2),
  ]
}

/// A machine that command lines are read on.
public struct ModelMachine: Sendable {
  public let name: String
  let sizes: [UInt]
  let defaultSize: UInt
  let nodes: [UInt]
  let largestListed: UInt

  /// Two sizes and two nodes; four sizes and nodes with a gap; no huge pages at all.
  public static let all = [
    Self(
      name: "x86-64", sizes: [2 << 20, 1 << 30], defaultSize: 2 << 20, nodes: [0, 1],
      largestListed: 4 << 20),
    Self(
      name: "arm64", sizes: [64 << 10, 2 << 20, 32 << 20, 1 << 30], defaultSize: 2 << 20,
      nodes: [0, 3], largestListed: 4 << 20),
    Self(name: "small", sizes: [], defaultSize: 2 << 20, nodes: [0], largestListed: 4 << 20),
  ]

  /// The same machine for the parser.
  var platform: HugePagePlatform {
    HugePagePlatform(
      supportedByteCounts: sizes, defaultByteCount: defaultSize,
      onlineNodes: nodes.map { NodeID(Int($0)) }, largestListedByteCount: largestListed)
  }
}
