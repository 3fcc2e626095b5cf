// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows what the kernel itself takes: memory for the image and the heap, and ticks of the clock. With
/// QEMU's `-icount shift=0,sleep=off` a tick is an instruction.
struct CostShow {
  private static var roundCount: UInt { 100 }

  private let tree: InterfaceTree
  private let ticksBefore = UInt(metal_clock())

  init(_ tree: InterfaceTree) { self.tree = tree }

  func run() -> Bool {
    tell("ticks from power-on to the end of the script: ", ticksBefore)
    tell("ticks of a page fault and back: ", ticksOfFault)
    for cpu in 1..<max(1, tree.subsystem.machine.cpuCount) {
      tell("ticks of a page's flush on another CPU: ", ticksOfFlush(on: CPUID(cpu)))
    }
    tell("bytes of the image: ", metal_place_image_end() - metal_place_image_start())
    tell("bytes of the heap: ", KernelHeap.byteCount)
    tell("bytes of it in use: ", KernelHeap.usedByteCount)
    tell("bytes of it that were in use at most: ", KernelHeap.mostUsedByteCount)
    return true
  }

  /// A store to the image's text, which goes on behind it.
  private var ticksOfFault: UInt {
    let address = metal_place_image_start()
    return average { _ = metal_try_store(address, 0) }
  }

  private func ticksOfFlush(on cpu: CPUID) -> UInt {
    let machine = tree.subsystem.machine
    return average { machine.run(on: cpu) { metal_invalidate_page(AddressSpace.heap) } }
  }

  private func average(_ body: () -> Void) -> UInt {
    let start = metal_clock()
    for _ in 0..<Self.roundCount { body() }
    return UInt(metal_clock() &- start) / Self.roundCount
  }

  private func tell(_ text: StaticString, _ value: UInt) {
    SerialPort.write("costs: ")
    SerialPort.write(text)
    SerialPort.writeDecimal(value)
    SerialPort.write("\n")
  }
}
