// SPDX-License-Identifier: Apache-2.0

#if hasFeature(Embedded)
  import Synchronization

  // Loads and stores go straight to the processor. It translates them, and an access that it
  // refuses is an exception that the kernel's handler takes; the functions throw only what can be
  // told beforehand.

  extension MetalMachine {
    /// Runs `body` on the byte at `address`.
    ///
    /// The pointer is good for the rest of its base page, and only during `body`.
    ///
    /// - Throws: ``MachineFault/notMapped(_:)`` for the null address; `body` did not run.
    @inline(__always)
    func withMemory<Result>(
      at address: VirtualAddress, for access: MemoryAccess,
      _ body: (UnsafeMutableRawPointer) -> Result
    ) throws(MachineFault) -> Result {
      guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address.rawValue) else {
        throw .notMapped(address)
      }
      return unsafe body(pointer)
    }

    /// Loads the 64-bit word at `address`, a multiple of 8.
    @inline(__always)
    public func load(_ address: VirtualAddress) throws(MachineFault) -> UInt64 {
      try unsafe withMemory(at: address, for: .load) {
        unsafe Self.word(at: $0).pointee.load(ordering: .relaxed)
      }
    }

    /// Stores the 64-bit word at `address`, a multiple of 8.
    @inline(__always)
    public func store(_ value: UInt64, at address: VirtualAddress) throws(MachineFault) {
      try unsafe withMemory(at: address, for: .store) {
        unsafe Self.word(at: $0).pointee.store(value, ordering: .relaxed)
      }
    }

    /// The 64-bit word at `pointer`, a multiple of 8.
    @inline(__always)
    static func word(at pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
      unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
  }
#endif
