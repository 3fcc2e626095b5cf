// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// Work that one CPU makes another do.
///
/// The request lies on the sender's stack. Its address goes into the other CPU's mailbox, which is
/// empty again as soon as that CPU begins: so work that takes long, or that itself waits for other
/// CPUs, keeps nobody from sending. Everybody who waits has interrupts enabled and does what others
/// ask meanwhile; so two CPUs can wait for each other.
enum CrossCalls {
  /// Work and what it is called with; whoever does it sets the last word.
  struct Request {
    var work: UInt
    var argument: UInt
    var isDone: UInt = 0
  }

  private static var workOffset: UInt { 0 }
  private static var argumentOffset: UInt { 8 }
  private static var doneOffset: UInt { 16 }

  /// Makes the CPU `index` call `work`, and waits until it has.
  static func run(
    on index: Int, _ work: @convention(c) (UnsafeMutableRawPointer) -> Void,
    _ argument: UnsafeMutableRawPointer
  ) {
    var request = unsafe Request(
      work: unsafeBitCast(work, to: UInt.self), argument: UInt(bitPattern: argument))
    unsafe withUnsafeMutablePointer(to: &request) { pointer in
      post(UInt(bitPattern: pointer), to: index)
      wait(for: UInt(bitPattern: pointer))
    }
  }

  /// Makes the CPU `index` do the request at `address`, which stays there until it is done.
  static func post(_ address: UInt, to index: Int) {
    let mailbox = Processor(index).mailbox
    while RawMemory.exchange(0, for: address, at: mailbox) != 0 { metal_pause() }
    InterruptController.interrupt(Processors.controller(of: index))
  }

  /// Returns when the request at `address` is done.
  static func wait(for address: UInt) {
    while RawMemory.acquire(address + doneOffset) == 0 { metal_pause() }
  }

  /// Does what is in the mailbox of the CPU that runs this; in the handler of an interrupt.
  static func answer() {
    InterruptController.finish()
    let mailbox = Processor(Int(metal_current_cpu())).mailbox
    while true {
      let request = RawMemory.swap(0, at: mailbox)
      guard request != 0 else { return }
      metal_enable_interrupts()
      let work = unsafe unsafeBitCast(
        RawMemory.load(UInt.self, at: request + workOffset),
        to: (@convention(c) (UInt) -> Void).self)
      work(RawMemory.load(UInt.self, at: request + argumentOffset))
      metal_disable_interrupts()
      RawMemory.release(1, at: request + doneOffset)
    }
  }
}
