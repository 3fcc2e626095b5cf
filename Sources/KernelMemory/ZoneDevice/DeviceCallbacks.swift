// SPDX-License-Identifier: Apache-2.0

/// What the driver of a device is asked to do with its memory.
///
/// - Linux: `struct dev_pagemap_ops`.
public struct DeviceCallbacks: Sendable {
  /// Brings the contents of a folio back to ordinary memory; false if that cannot be done.
  ///
  /// - Linux: `migrate_to_ram()`.
  public var migrateToRAM: (@Sendable (Folio) -> Bool)?
  /// Takes a folio back that nobody uses any more.
  ///
  /// - Linux: `folio_free()`, `page_free()`.
  public var folioFree: (@Sendable (Folio) -> Void)?
  /// Hears of frames with bad memory; false if it cannot handle it.
  ///
  /// - Linux: `memory_failure()`.
  public var memoryFailure: (@Sendable (FrameRange) -> Bool)?
  /// Hears that a folio became single pages.
  ///
  /// - Linux: `folio_split()`.
  public var folioSplit: (@Sendable (Folio) -> Void)?

  /// No callbacks but those given.
  public init(
    migrateToRAM: (@Sendable (Folio) -> Bool)? = nil,
    folioFree: (@Sendable (Folio) -> Void)? = nil,
    memoryFailure: (@Sendable (FrameRange) -> Bool)? = nil,
    folioSplit: (@Sendable (Folio) -> Void)? = nil
  ) {
    self.migrateToRAM = migrateToRAM
    self.folioFree = folioFree
    self.memoryFailure = memoryFailure
    self.folioSplit = folioSplit
  }
}
