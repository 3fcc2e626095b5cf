// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows what flushes are for: without one, another CPU reads what is no longer there.
///
/// A huge page is folded twice. In between the pages of its tails have frames of their own again,
/// and CPU 1 reads one of them. The second time CPU 1 does not hear of the flush.
struct StaleShow {
  private let tree: InterfaceTree

  init(_ tree: InterfaceTree) { self.tree = tree }

  /// Does it; the script has switched optimization on and left the pool empty.
  func run() -> Bool {
    guard Processors.count > 1 else { return fail("there is no second CPU") }
    guard resize(to: "1"), let page = tails.firstReadOnly else {
      return fail("no huge page was folded")
    }
    guard resize(to: "0"), KernelMemoryMap.look(at: page)?.isWritable == true else {
      return fail("the huge page was not unfolded")
    }
    let old = read(page, on: 1)
    unsafe KernelHooks.isDeaf = true
    let isFolded = resize(to: "1")
    unsafe KernelHooks.isDeaf = false
    guard isFolded, KernelMemoryMap.look(at: page)?.isWritable == false else {
      return fail("the huge page was not folded at the same place")
    }
    let new = read(page, on: 0)
    let stale = read(page, on: 1)
    tell("CPU 0 reads ", new)
    tell("CPU 1, which did not flush, reads ", stale)
    run(on: 1) { MetalHooks.kernel.invalidateAll() }
    let fresh = read(page, on: 1)
    tell("CPU 1 reads after the flush ", fresh)
    return new != old && stale == old && fresh == new
  }

  private var tails: DescriptorPages {
    DescriptorPages(tree.subsystem.format, end: tree.subsystem.memoryMap.describableEnd.rawValue)
  }

  private func resize(to count: StaticString) -> Bool {
    let text = count.withUTF8Buffer { unsafe Array($0) } + [UInt8(ascii: "\n")]
    return (try? tree.writeAll(text[...], to: Array("/proc/sys/vm/nr_hugepages".utf8)[...])) != nil
  }

  /// The second word of the page's first descriptor, as the CPU sees it.
  private func read(_ page: UInt, on cpu: Int) -> UInt {
    var value: UInt = 0
    run(on: cpu) { value = RawMemory.acquire(page + 8) }
    return value
  }

  private func run(on cpu: Int, _ body: () -> Void) {
    tree.subsystem.machine.run(on: CPUID(cpu), body)
  }

  private func tell(_ text: StaticString, _ value: UInt) {
    SerialPort.write("stale: ")
    SerialPort.write(text)
    SerialPort.writeHex(value)
    SerialPort.write("\n")
  }

  private func fail(_ reason: StaticString) -> Bool {
    SerialPort.write("stale: ")
    SerialPort.write(reason)
    SerialPort.write("\n")
    return false
  }
}
