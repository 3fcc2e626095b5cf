// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

extension CPUStep {
  /// What a CPU does with it, in words.
  var text: String {
    switch self {
    case .locking(_, let rank): "wants lock \"\(rank.name)\""
    case .waiting: "waits for the lock"
    case .locked(_, let rank): "has lock \"\(rank.name)\""
    case .unlocked: "lets go of a lock"
    case .spinning: "spins"
    case .flushing: "is going to flush TLBs"
    case .flushed: "has flushed TLBs"
    case .gracePeriod: "is going to wait for readers"
    case .readerSection: "leaves a section for readers"
    case .exchanging: "looked at a word"
    case .entryChanged(_, let old, let new):
      "changes an entry from 0x\(String(old, radix: 16)) to 0x\(String(new, radix: 16))"
    case .oops(let pfn): "meets a fault at the descriptor of frame \(pfn.rawValue)"
    }
  }
}
