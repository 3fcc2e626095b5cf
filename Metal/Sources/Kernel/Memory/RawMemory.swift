// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Memory at addresses that the kernel has reason to believe in.
///
/// Everything in the kernel that is neither the core's nor Swift's own goes through here: tables of
/// the firmware and of the processor, page tables, the heap. An address where nothing is mapped is a
/// page fault, which the kernel reports.
@safe
enum RawMemory {
  /// The value at `address`, which need not be aligned.
  @inline(__always)
  static func load<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, at address: UInt)
    -> Value
  {
    unsafe pointer(address).loadUnaligned(as: type)
  }

  /// Stores `value` at `address`, which need not be aligned.
  @inline(__always)
  static func store<Value: BitwiseCopyable>(_ value: Value, at address: UInt) {
    unsafe pointer(address).storeBytes(of: value, as: Value.self)
  }

  /// Makes `byteCount` bytes zero.
  static func clear(_ address: UInt, byteCount: UInt) {
    unsafe pointer(address).initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(bitPattern: byteCount))
  }

  /// Copies `byteCount` bytes.
  static func copy(from source: UInt, to target: UInt, byteCount: UInt) {
    unsafe pointer(target).copyMemory(from: pointer(source), byteCount: Int(bitPattern: byteCount))
  }

  /// `count` bytes.
  static func bytes(at address: UInt, count: UInt) -> [UInt8] {
    let start = unsafe pointer(address).assumingMemoryBound(to: UInt8.self)
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(bitPattern: count)))
  }

  @inline(__always)
  private static func pointer(_ address: UInt) -> UnsafeMutableRawPointer {
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
      Panic.stop("the null address is nobody's")
    }
    return unsafe pointer
  }
}

extension RawMemory {
  /// The word at `address` as another CPU left it, with all that it did before.
  @inline(__always)
  static func acquire(_ address: UInt) -> UInt {
    unsafe word(address).pointee.load(ordering: .acquiring)
  }

  /// Stores a word that another CPU waits for.
  @inline(__always)
  static func release(_ value: UInt, at address: UInt) {
    unsafe word(address).pointee.store(value, ordering: .releasing)
  }

  /// Stores `value` if the word is `expected`; tells what it was.
  @inline(__always)
  static func exchange(_ expected: UInt, for value: UInt, at address: UInt) -> UInt {
    unsafe word(address).pointee.compareExchange(
      expected: expected, desired: value, ordering: .sequentiallyConsistent
    ).original
  }

  /// Stores `value`; tells what was there.
  @inline(__always)
  static func swap(_ value: UInt, at address: UInt) -> UInt {
    unsafe word(address).pointee.exchange(value, ordering: .sequentiallyConsistent)
  }

  @inline(__always)
  private static func word(_ address: UInt) -> UnsafeMutablePointer<Atomic<UInt>> {
    unsafe pointer(address).assumingMemoryBound(to: Atomic<UInt>.self)
  }
}
