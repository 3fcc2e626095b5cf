// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  /// The TLB of one simulated CPU.
  ///
  /// It keeps every translation until that translation is flushed or its slot is needed for
  /// another page, whatever happens to the tables meanwhile: a forgotten flush shows as a stale
  /// read, as on hardware. A slot holds one base page, also when a huge entry maps it.
  ///
  /// Where several threads drive a machine, the CPU's gate (``CPUGates``) guards it.
  @safe
  struct TranslationCache: ~Copyable {
    /// One cached translation, in two words: an access reads nothing else of the cache.
    struct Slot {
      /// The virtual page number; above it the generation of the cache that filled the slot, and at
      /// the top whether stores are denied.
      ///
      /// A page has at least 4 KiB, so its number has at most 52 bits.
      fileprivate var tag: UInt = 0
      /// The frame's first byte, as a physical address.
      fileprivate(set) var frame: UInt = 0

      /// The virtual page number.
      var page: UInt { tag & (Slot.generationStep &- 1) }
      /// Whether the page can be written.
      var isWritable: Bool {
        @inline(__always) get { tag & Slot.deniesStores == 0 }
      }

      fileprivate static var generationStep: UInt { 1 << 52 }
      fileprivate static var deniesStores: UInt { 1 << 63 }
      /// The bits that tell slots in use from others.
      fileprivate var generation: UInt { tag & (Slot.deniesStores &- Slot.generationStep) }
    }

    private let slots: UnsafeMutablePointer<Slot>
    /// Slots of other generations are empty; in the place it has in a slot's tag, and never 0.
    private var generation = Slot.generationStep
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
      return slot.tag & ~Slot.deniesStores == page | generation ? slot : nil
    }

    /// Caches a translation, in place of another that may be in its slot.
    func insert(page: UInt, frame: UInt, isWritable: Bool) {
      unsafe slots[Int(bitPattern: page & (Self.slotCount &- 1))] = Slot(
        tag: page | generation | (isWritable ? 0 : Slot.deniesStores), frame: frame)
    }

    /// Forgets the translation of `page`.
    func invalidate(page: UInt) {
      let index = Int(bitPattern: page & (Self.slotCount &- 1))
      if unsafe slots[index].page == page { unsafe slots[index].tag = 0 }
    }

    /// Forgets everything.
    mutating func invalidateAll() {
      generation &+= Slot.generationStep
      guard generation == Slot.deniesStores else { return }
      // Generations ran out: empty the slots for real and count again.
      unsafe slots.update(repeating: Slot(), count: Int(Self.slotCount))
      generation = Slot.generationStep
    }

    /// Calls `body` for each cached translation.
    func forEach(_ body: (Slot) -> Void) {
      for index in 0..<Int(Self.slotCount) where unsafe slots[index].generation == generation {
        body(unsafe slots[index])
      }
    }
  }
#endif
