// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  /// The TLB of one simulated CPU.
  ///
  /// It keeps every translation until that translation is flushed or its slot is needed for
  /// another page, whatever happens to the tables meanwhile: a forgotten flush shows as a stale
  /// read, as on hardware. A slot holds one base page, also when a huge entry maps it.
  @safe
  struct TranslationCache: ~Copyable {
    /// One cached translation.
    struct Slot {
      /// The virtual page number.
      var page: UInt = 0
      /// The generation of the cache that filled the slot; others are empty.
      var generation: UInt32 = 0
      var isWritable = false
      /// The frame's first byte, as a physical address.
      var frame: UInt = 0
    }

    /// Held for the length of an access in a machine that several threads drive, so that a flush
    /// returns only when no CPU is still using what it flushed.
    let gate = SpinLock()
    private let slots: UnsafeMutablePointer<Slot>
    private var generation: UInt32 = 1
    private static var slotCount: UInt { 1024 }

    init() {
      unsafe slots = .allocate(capacity: Int(Self.slotCount))
      unsafe slots.initialize(repeating: Slot(), count: Int(Self.slotCount))
    }

    deinit {
      unsafe slots.deallocate()
    }

    /// The cached translation of `page`, if there is one.
    @inline(__always)
    func translation(of page: UInt) -> Slot? {
      let slot = unsafe slots[Int(bitPattern: page & (Self.slotCount &- 1))]
      return slot.page == page && slot.generation == generation ? slot : nil
    }

    /// Caches a translation, in place of another that may be in its slot.
    func insert(page: UInt, frame: UInt, isWritable: Bool) {
      unsafe slots[Int(bitPattern: page & (Self.slotCount &- 1))] = Slot(
        page: page, generation: generation, isWritable: isWritable, frame: frame)
    }

    /// Forgets the translation of `page`.
    func invalidate(page: UInt) {
      let index = Int(bitPattern: page & (Self.slotCount &- 1))
      if unsafe slots[index].page == page { unsafe slots[index].generation = 0 }
    }

    /// Forgets everything.
    mutating func invalidateAll() {
      generation &+= 1
      guard generation == 0 else { return }
      // Generations ran out: empty the slots for real and count again.
      unsafe slots.update(repeating: Slot(), count: Int(Self.slotCount))
      generation = 1
    }

    /// Calls `body` for each cached translation.
    func forEach(_ body: (Slot) -> Void) {
      for index in 0..<Int(Self.slotCount) where unsafe slots[index].generation == generation {
        body(unsafe slots[index])
      }
    }
  }
#endif
