// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// The second half of booting: on the kernel's own tables and stack.
enum Kernel {
  /// Brings up what Swift needs, all CPUs, and the core; runs the script and ends with its verdict.
  static func run() -> Never {
    KernelHeap.start(byteCount: unsafe Boot.placement.heap.byteCount)
    Processors.startFirst()
    clearBootMemory()
    let firmware = unsafe FirmwareTables(Boot.placement.firmwareTables)
    Processors.startOthers(firmware.processorControllers)
    let commandLine = CommandLine(unsafe Boot.placement.commandLine)
    Session(commandLine, RealMachine(firmware)).run().exit()
  }

  /// Makes the memory zero that the loader used: the core takes its memory to be so.
  ///
  /// Memory is zero where nobody wrote since the machine was switched on. Firmware uses the first
  /// mebibyte, which the core leaves alone, and what it keeps out of the memory map.
  private static func clearBootMemory() {
    let start = metal_place_image_start()
    clear(start, byteCount: metal_place_image_end() - start)
    unsafe Boot.used.forEach { clear($0.start, byteCount: $0.byteCount) }
  }

  private static func clear(_ address: UInt, byteCount: UInt) {
    RawMemory.clear(KernelMemoryMap.directMap + address, byteCount: byteCount)
  }
}

/// Where the trampoline leads the first CPU.
@c(kernel_run)
public func runKernel() { Kernel.run() }

/// What SwiftPM's linker wants as the program's start; nothing calls it.
@c(Kernel_main)
public func startAsProgram() {}
