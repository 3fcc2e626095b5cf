// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows what the kernel itself takes: memory for the image and the heap, and ticks of the clock until
/// the script ran. With QEMU's `-icount shift=0,sleep=off` a tick is an instruction.
struct CostShow {
  func run() -> Bool {
    tell("ticks from power-on to the end of the script: ", UInt(metal_clock()))
    tell("bytes of the image: ", metal_place_image_end() - metal_place_image_start())
    tell("bytes of the heap: ", KernelHeap.byteCount)
    tell("bytes of it in use: ", KernelHeap.usedByteCount)
    tell("bytes of it that were in use at most: ", KernelHeap.mostUsedByteCount)
    return true
  }

  private func tell(_ text: StaticString, _ value: UInt) {
    SerialPort.write("costs: ")
    SerialPort.write(text)
    SerialPort.writeDecimal(value)
    SerialPort.write("\n")
  }
}
