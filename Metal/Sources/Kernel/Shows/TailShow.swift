// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows that shared tails are read-only to the processor itself.
///
/// The tails are found by walking the tables that the processor walks, not by asking the core.
struct TailShow {
  private let machine: Machine
  private let pages: DescriptorPages

  init(_ tree: InterfaceTree) {
    machine = tree.subsystem.machine
    pages = DescriptorPages(
      tree.subsystem.format, end: tree.subsystem.memoryMap.describableEnd.rawValue)
  }

  /// Stores to the first tail and reads all; the script has made some.
  func run() -> Bool { refusesStore() && readsTheSameEverywhere() }

  /// Every CPU reads through every tail what lies in the frame behind it.
  private func readsTheSameEverywhere() -> Bool {
    var pageCount: UInt = 0
    var isSame = true
    for cpu in 0..<machine.cpuCount {
      machine.run(on: CPUID(cpu)) {
        pages.forEachReadOnly { page, frame in
          pageCount += 1
          isSame = isSame && reads(page, as: KernelMemoryMap.directMap + frame)
        }
      }
    }
    SerialPort.write("tails: ")
    SerialPort.writeDecimal(UInt(machine.cpuCount))
    SerialPort.write(" CPUs read ")
    SerialPort.writeDecimal(pageCount)
    SerialPort.write(isSame ? " pages, as they are\n" : " pages, some of them wrongly\n")
    return isSame
  }

  private func reads(_ page: UInt, as memory: UInt) -> Bool {
    for offset in stride(from: 0, to: AddressSpace.page, by: 8)
    where RawMemory.acquire(page + offset) != RawMemory.acquire(memory + offset) {
      return false
    }
    return true
  }

  private func refusesStore() -> Bool {
    guard let page = pages.firstReadOnly,
      let tail = KernelMemoryMap.look(at: page)
    else {
      SerialPort.write("tails: no page of descriptors is read-only\n")
      return false
    }
    let address = page + 8
    tell("tails: read-only page ", page, " is frame ", tail.frame)
    let before = RawMemory.load(UInt.self, at: address)
    guard metal_try_store(address, UInt64(~before)) == 0, let caught = unsafe FaultFixups.last
    else {
      SerialPort.write("tails: the store did not fault\n")
      return false
    }
    tell("tails: a store faulted at ", caught.address, " with error code ", caught.error)
    let isUnchanged = RawMemory.load(UInt.self, at: address) == before
    SerialPort.write(
      isUnchanged ? "tails: the tail is as it was, the kernel goes on\n" : "tails: changed\n")
    return isUnchanged && caught.address == address && Architecture.isRefusedStore(caught)
  }

  private func tell(_ first: StaticString, _ a: UInt, _ second: StaticString, _ b: UInt) {
    SerialPort.write(first)
    SerialPort.writeHex(a)
    SerialPort.write(second)
    SerialPort.writeHex(b)
    SerialPort.write("\n")
  }
}

/// The pages of descriptors as the processor finds them.
struct DescriptorPages {
  /// - Linux: `sizeof(struct page)`.
  private static var descriptorByteCount: UInt { 64 }

  private let start: UInt
  private let end: UInt

  /// Those of the memory below `end`.
  init(_ format: PagingFormat, end: UInt) {
    start = format.vmemmapBase.rawValue
    self.end = start + end / AddressSpace.page * Self.descriptorByteCount
  }

  /// Calls `body` with each page that cannot be written, and the frame behind it.
  func forEachReadOnly(_ body: (_ page: UInt, _ frame: UInt) -> Void) {
    for page in stride(from: start, to: end, by: Int(AddressSpace.page)) {
      if let found = KernelMemoryMap.look(at: page), !found.isWritable { body(page, found.frame) }
    }
  }

  /// The first that cannot be written.
  var firstReadOnly: UInt? {
    var page = start
    while page < end {
      if let found = KernelMemoryMap.look(at: page), !found.isWritable { return page }
      page += AddressSpace.page
    }
    return nil
  }
}
