// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// All CPUs of the machine: starting them, and where each is reached.
///
/// CPU 0 is the one that the loader started; the others are numbered as the firmware lists them.
enum Processors {
  /// The controllers, by number of the CPU; written before the CPU runs.
  nonisolated(unsafe) private static var controllers: [UInt32] = []

  /// How many run.
  static var count: Int { unsafe controllers.count }

  /// Where the CPU `index` is reached.
  static func controller(of index: Int) -> UInt32 { unsafe controllers[index] }

  /// Makes the caller CPU 0.
  static func startFirst() {
    Processor.reservePages()
    Vectors.prepare()
    prepare(0)
    Processor(0).load()
    InterruptController.map()
    InterruptController.enable()
    unsafe controllers = [InterruptController.current]
    metal_enable_interrupts()
  }

  /// Starts the others, one after the other.
  static func startOthers(_ listed: [UInt32]) {
    let first = controller(of: 0)
    for controller in listed where controller != first && count < AddressSpace.mostCPUs {
      start(controller)
    }
  }

  private static func start(_ controller: UInt32) {
    let index = count
    prepare(index)
    let size = AddressSpace.stackByteCount
    let top = AddressSpace.stackTop(of: index)
    KernelMemoryMap.mapPages(at: top - size, byteCount: size)
    unsafe controllers.append(controller)
    let mailbox = Processor(index).mailbox
    RawMemory.release(1, at: mailbox)
    Trampoline.start(controller, index: index, stack: top)
    // The CPU empties its mailbox when it is ready.
    let begin = metal_clock()
    while RawMemory.acquire(mailbox) != 0 {
      guard metal_clock() &- begin < Architecture.patience else {
        Panic.stop("a CPU does not start")
      }
      metal_pause()
    }
  }

  private static func prepare(_ index: Int) {
    let size = AddressSpace.faultStackByteCount
    KernelMemoryMap.mapPages(at: AddressSpace.faultStackTop(of: index) - size, byteCount: size)
    Processor(index).prepare()
  }

  /// What a CPU other than the first does: wait for work.
  static func join(_ index: Int) -> Never {
    let processor = Processor(index)
    processor.load()
    InterruptController.enable()
    RawMemory.release(0, at: processor.mailbox)
    while true { metal_wait() }
  }
}

/// Where the trampoline leads CPUs other than the first.
@c(kernel_join)
public func joinProcessor(_ index: UInt) { Processors.join(Int(index)) }
