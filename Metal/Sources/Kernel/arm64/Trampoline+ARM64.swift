// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// How CPUs come to the kernel's tables: through the first page of the image, which is also mapped
  /// where it really is, so that the MMU can be switched on there.
  enum Trampoline {
    /// Maps the page, and the devices without which nothing can be told.
    static func map(_ image: UInt, _ tables: inout KernelTables) {
      tables.map(image, to: image, byteCount: AddressSpace.page, .code)
      SerialPort.map(&tables)
      InterruptController.map(&tables)
    }

    /// Moves the image to where `placement` has it, and goes on there, on the kernel's tables.
    static func enter(_ placement: Placement) -> Never {
      metal_enter(
        metal_place_image_start(), placement.image.start, placement.image.byteCount / 8,
        AddressSpace.stackTop(of: 0), KernelTables.top(for: 0),
        KernelTables.top(for: AddressSpace.directMap(levelCount: placement.levelCount)))
    }

    /// Starts the CPU at the place `target`; it goes on in ``Processors/join(_:)``.
    static func start(_ target: UInt32, index: Int, stack: UInt) {
      let placement = unsafe Boot.placement
      let entry = placement.image.start + (metal_place_metal_start() - metal_place_image_start())
      let argument = Processor(index).writeStart(stack: stack)
      guard Firmware.start(target, at: entry, argument: argument) else {
        Panic.stop("firmware does not start a CPU")
      }
    }
  }

#endif
