// SPDX-License-Identifier: Apache-2.0

/// Some of the kernels that there are: those of which a part of a script speaks.
public struct KernelSet: Equatable, Sendable {
  /// Bit `n` stands for ``KernelDesign/all``'s design `n`.
  private var bits: UInt32

  /// All kernels.
  public static let all = Self(bits: .max)

  private init(bits: UInt32) { self.bits = bits }

  /// Reads names with commas between, such as `6.1,6.12`; nil if one of them is no kernel's.
  public init?(named names: ArraySlice<UInt8>) {
    bits = 0
    for name in names.split(separator: ASCII.comma, omittingEmptySubsequences: false) {
      guard let bit = Self.bit(where: { $0.isEqual(to: name) }) else { return nil }
      bits |= bit
    }
  }

  /// Tells whether `kernel` is among them, by its name.
  public func contains(_ kernel: KernelDesign) -> Bool {
    let name = kernel.name.bytes
    guard let bit = Self.bit(where: { $0.isEqual(to: name[...]) }) else { return self == .all }
    return bits & bit != 0
  }

  /// The kernels, oldest first.
  public var kernels: [KernelDesign] { KernelDesign.all.filter(contains) }

  private static func bit(where isWanted: (StaticString) -> Bool) -> UInt32? {
    KernelDesign.all.firstIndex { isWanted($0.name) }.map { 1 << UInt32($0) }
  }
}
