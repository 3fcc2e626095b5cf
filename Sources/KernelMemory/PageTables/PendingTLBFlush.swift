// SPDX-License-Identifier: Apache-2.0

/// A page-table change that some TLB may not have seen yet.
///
/// Every change that could leave a stale translation returns one of these, so a forgotten flush
/// traps where it was dropped instead of surfacing as a stale read. Tokens can be joined, so that
/// a batch flushes once.
@frozen
public struct PendingTLBFlush: ~Copyable {
  /// The addresses whose translations changed; empty if none did.
  @usableFromInline
  let range: Range<VirtualAddress>

  /// A change of the translations in `range`.
  @usableFromInline
  init(_ range: Range<VirtualAddress>) { self.range = range }

  /// No change: may be dropped.
  static var nothing: Self { Self(VirtualAddress(0)..<VirtualAddress(0)) }

  deinit {
    precondition(range.isEmpty, "a page-table change was dropped without a TLB flush")
  }

  /// Whether there is nothing to flush.
  public var isEmpty: Bool { range.isEmpty }

  /// Flushes exactly the changed addresses on all CPUs of `machine`.
  public consuming func commit(on machine: Machine) {
    if !range.isEmpty { machine.flushTranslations(of: range) }
    discard self
  }

  /// Flushes everything on all CPUs of `machine`, even if nothing changed.
  public consuming func commitEverything(on machine: Machine) {
    machine.flushAllTranslations()
    discard self
  }

  /// One token for both changes; its range covers them and what lies between.
  consuming func joined(with other: consuming PendingTLBFlush) -> PendingTLBFlush {
    let mine = range
    let theirs = other.range
    other.forget()
    forget()
    if mine.isEmpty { return PendingTLBFlush(theirs) }
    if theirs.isEmpty { return PendingTLBFlush(mine) }
    let start = min(mine.lowerBound, theirs.lowerBound)
    return PendingTLBFlush(start..<max(mine.upperBound, theirs.upperBound))
  }

  /// Lets the token go because somebody else flushes for it, or no translation differs.
  consuming func forget() {
    discard self
  }
}
