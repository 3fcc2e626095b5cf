// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Glibc

  /// The RAM of a simulated host: one mapping of the whole physical span that costs only what is
  /// touched.
  ///
  /// A byte nobody has written reads as zero. The mapping lives as long as the value's owner.
  @safe struct SparseMemory: ~Copyable, @unchecked Sendable {
    /// Where physical address zero appears in this process.
    let base: UnsafeMutableRawPointer
    /// The bytes from physical zero to the end of the last memory.
    let byteCount: UInt

    /// Maps `byteCount` bytes of address space without reserving memory for them.
    ///
    /// - Throws: ``HostedMachineError/outOfAddressSpace(bytes:)`` if this process cannot map it.
    init(byteCount: UInt) throws(HostedMachineError) {
      let mapping = unsafe mmap(
        nil, Int(bitPattern: byteCount), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      guard let base = unsafe mapping, unsafe base != MAP_FAILED else {
        throw .outOfAddressSpace(bytes: byteCount)
      }
      // A huge page of the real host would make one touched descriptor cost 2 MiB.
      _ = unsafe madvise(base, Int(bitPattern: byteCount), MADV_NOHUGEPAGE)
      unsafe self.base = base
      self.byteCount = byteCount
    }

    /// Gives the contents of `byteCount` bytes at `offset` back to the real host; they read as
    /// zero from now on.
    func discard(at offset: UInt, byteCount: UInt) {
      _ = unsafe madvise(
        base + Int(bitPattern: offset), Int(bitPattern: byteCount), MADV_DONTNEED)
    }

    deinit {
      _ = unsafe munmap(base, Int(bitPattern: byteCount))
    }
  }

  /// Why a simulated host could not be built.
  public enum HostedMachineError: Error, Equatable {
    /// The process cannot map an address range of this many bytes.
    case outOfAddressSpace(bytes: UInt)
    /// A machine has 1 to 4096 CPUs.
    case unsupportedCPUCount(Int)
    /// The physical span is empty or larger than 64 TiB.
    case unsupportedSpan(bytes: UInt)
  }
#endif
