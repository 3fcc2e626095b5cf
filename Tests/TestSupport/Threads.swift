// SPDX-License-Identifier: Apache-2.0

import Foundation
public import KernelMemory
import Synchronization

/// What threads tell each other: something has happened.
public final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  public init() {}

  public var isSet: Bool { value.load(ordering: .acquiring) }
  public func set() { value.store(true, ordering: .releasing) }
  public func wait() { while !isSet { usleep(100) } }
}

/// What threads count together.
public final class Tally: Sendable {
  private let value = Atomic<Int>(0)

  public init() {}

  public var total: Int { value.load(ordering: .acquiring) }
  public func add(_ amount: Int) { value.wrappingAdd(amount, ordering: .acquiringAndReleasing) }
}

/// Runs `body` on a thread of its own for each CPU, which it plays, and waits for all of them.
public func withThreads(
  on machine: HostedMachine, cpus: Range<Int>, _ body: @escaping @Sendable (CPUID) -> Void
) {
  let group = DispatchGroup()
  for cpu in cpus {
    group.enter()
    let thread = Thread {
      machine.run(on: CPUID(cpu)) { body(CPUID(cpu)) }
      group.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
  group.wait()
}
