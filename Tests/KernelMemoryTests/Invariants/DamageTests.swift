// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Testing

@testable import KernelMemory

@Suite struct `Invariants` {
  @Test(arguments: Damage.all)
  func `one thing is damaged, and its rule is reported and no other`(_ damage: Damage) throws {
    let violations = try damage.violations()
    #expect(Set(violations.map(\.rule)) == [damage.rule], "\(violations.map(\.text))")
  }

  @Test func `every rule of the catalogue is broken by some damage`() {
    let broken = Set(Damage.all.map(\.rule))
    #expect(InvariantRule.allCases.filter { !broken.contains($0) } == [])
  }

  @Test func `no rule is a consequence of itself`() {
    for rule in InvariantRule.allCases {
      var reached = Set(rule.consequences)
      var open = rule.consequences
      while let next = open.popLast() {
        for further in next.consequences where reached.insert(further).inserted {
          open.append(further)
        }
      }
      #expect(!reached.contains(rule), "\(rule)")
    }
  }

  @Test(arguments: KernelDesign.all)
  func `an undamaged host is sound`(_ kernel: KernelDesign) throws {
    #expect(try DamagedHost(kernel: kernel).subsystem.checkInvariants() == [])
    #expect(try DamagedBlocks().subsystem.checkInvariants() == [])
    #expect(try DamagedAreas().subsystem.checkInvariants() == [])
  }

  @Test(arguments: NamedKernel.all, [UInt(0), 2 << 20])
  func `an undamaged device is sound`(_ kernel: NamedKernel, page: UInt) throws {
    #expect(try DamagedDevice(kernel.design, page: page).subsystem.checkInvariants() == [])
  }

  @Test func `a page in the caller's hand is no violation`() throws {
    let host = try DamagedHost(folds: false)
    let head = try #require(host.pool.allocateBarePage(on: NodeID(0), [.thisNode]))
    #expect(host.subsystem.checkInvariants() != [])
    #expect(host.subsystem.checkInvariants(inHand: [host.pool.folio(head)]) == [])
  }

  @Test func `nothing is damaged for ever`() throws {
    let host = try DamagedHost()
    let zone = host.lists(of: host.page.head).zone
    zone.present.wrappingAdd(1, ordering: .relaxed)
    #expect(host.subsystem.checkInvariants() != [])
    zone.present.wrappingSubtract(1, ordering: .relaxed)
    #expect(host.subsystem.checkInvariants() == [])
  }
}
