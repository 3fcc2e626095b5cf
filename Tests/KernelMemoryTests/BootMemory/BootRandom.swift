// SPDX-License-Identifier: Apache-2.0

/// Numbers that look random and are the same for the same seed.
struct BootRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next number below `limit`, or 0 if the limit is 0.
  mutating func below(_ limit: UInt) -> UInt {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return limit == 0 ? 0 : UInt(state >> 33) % limit
  }
}
