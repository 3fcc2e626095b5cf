// SPDX-License-Identifier: Apache-2.0

/// Bytes for the seeds of hash tables.
///
/// The kernel has no secrets that depend on them, and is to do the same on every run.
@c(arc4random_buf)
public func fillWithSeed(_ target: UInt, _ byteCount: UInt) {
  RawMemory.clear(target, byteCount: byteCount)
}
