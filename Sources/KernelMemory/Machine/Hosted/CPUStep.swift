// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  /// Something that a CPU does and that others can notice, so that it matters who comes first.
  ///
  /// Whoever observes a CPU hears of each step on the CPU's own thread, and may keep it waiting.
  @_spi(Lab)
  public enum CPUStep: Equatable, Sendable {
    /// It wants a lock.
    case locking(LockID, LockRank)
    /// Somebody else has the lock.
    case waiting(LockID)
    /// It has the lock now.
    case locked(LockID, LockRank)
    /// It let go of the lock.
    case unlocked(LockID)
    /// It waits for something else than a lock.
    case spinning
    /// It is going to flush TLBs.
    case flushing
    /// It has flushed them.
    case flushed
    /// It is going to wait for all readers.
    case gracePeriod
    /// It entered or left a section for readers.
    case readerSection
    /// It has read a word that it is going to compare and exchange.
    case exchanging
    /// It changed a page-table entry that the MMU may know: where it lies in this process, most
    /// significant bit first.
    case entryChanged(place: UInt, from: UInt64, to: UInt64)
    /// It met a fault that a kernel does not survive; the descriptor of this frame was accessed.
    case oops(PageFrameNumber)
  }

  /// What observers know a lock by, as long as it exists.
  @_spi(Lab)
  public struct LockID: Hashable, Sendable {
    private let address: UInt

    /// The lock with this state.
    init<State: ~Copyable>(of state: borrowing State) {
      address = unsafe withUnsafePointer(to: state) { UInt(bitPattern: $0) }
    }
  }
#endif
