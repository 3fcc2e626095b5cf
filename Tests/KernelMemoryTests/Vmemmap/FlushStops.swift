// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

@testable import KernelMemory

/// Stops an operation at each of its flushes, so that a test can look at what is in between.
///
/// A flush visits the CPUs in turn and waits for each one's TLB. The operation runs as CPU 0; the
/// test holds the TLB of CPU 1 or of CPU 2, so every flush stops there, before CPU 3, as which the
/// test looks around, has been flushed.
enum FlushStops {
  /// The CPU as which the test looks around.
  static let observer = CPUID(3)
  /// The number of CPUs that a machine needs.
  static let cpuCount = 4

  /// Runs `operation` as CPU 0 and `atFlush`, as the observer, at each of its flushes.
  ///
  /// - Parameter page: an address that every flush of the operation is about.
  /// - Returns: the number of flushes.
  static func run(
    on machine: HostedMachine, page: VirtualAddress, _ operation: @escaping @Sendable () -> Void,
    atFlush: (Int) throws -> Void
  ) throws -> Int {
    let before = flushes(on: machine)
    let isDone = Flag()
    hold(1, on: machine)
    let thread = Thread {
      machine.run(on: CPUID(0)) { operation() }
      isDone.set()
    }
    thread.stackSize = 8 << 20
    thread.start()
    var seen = 0
    var failure: (any Error)?
    while waitForFlush(after: before + seen, isDone, on: machine) {
      seen += 1
      // Whatever the test finds, the operation must come to its end.
      do { try machine.run(on: observer) { try atFlush(seen) } } catch { failure = error }
      letPass(on: machine, page)
    }
    release(1, on: machine)
    isDone.wait()
    if let failure { throw failure }
    return seen
  }

  /// The flushes so far: each one interrupts all other CPUs.
  private static func flushes(on machine: HostedMachine) -> Int {
    Int(machine.cost.reading.interprocessorInterrupts) / (cpuCount - 1)
  }

  /// - Returns: false if the operation ended without another flush.
  private static func waitForFlush(
    after count: Int, _ isDone: Flag, on machine: HostedMachine
  ) -> Bool {
    while flushes(on: machine) == count {
      if isDone.isSet { return flushes(on: machine) > count }
      usleep(50)
    }
    return true
  }

  /// Lets a flush that waits for CPU 1 come to its end, and holds CPU 1 again before the next.
  private static func letPass(on machine: HostedMachine, _ address: VirtualAddress) {
    let page = address.rawValue >> machine.regime.pageSize.shift
    hold(2, on: machine)
    // A translation that is gone tells that the flush has passed.
    unsafe machine.cache(of: CPUID(1)).pointee.insert(page: page, frame: 0, isWritable: false)
    release(1, on: machine)
    while true {
      hold(1, on: machine)
      if unsafe machine.cache(of: CPUID(1)).pointee.translation(of: page) == nil { break }
      release(1, on: machine)
      usleep(20)
    }
    release(2, on: machine)
  }

  private static func hold(_ cpu: Int, on machine: HostedMachine) {
    machine.gates.lock(CPUID(cpu))
  }

  private static func release(_ cpu: Int, on machine: HostedMachine) {
    machine.gates.unlock(CPUID(cpu))
  }
}
