// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// Where the CPU goes when something happens: the table is in vectors.S.
  ///
  /// - Source: Arm ARM, D1.3.1.5 "Exception vectors": the kernel always has its own stack pointer, so
  ///   these come from the second group of four.
  enum Vectors {
    /// An exception of the instruction.
    static var exception: UInt { 4 }
    /// An interrupt.
    static var interrupt: UInt { 5 }

    /// The table is written by the assembler.
    static func prepare() {}

    /// Makes the CPU that runs this use the table.
    static func load() { metal_load_vectors(metal_place_metal_vectors()) }
  }

#endif
