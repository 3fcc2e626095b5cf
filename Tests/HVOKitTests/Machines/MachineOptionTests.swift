// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost
import Testing

@testable import HVOKit

@Suite struct `Machines that the user describes` {
  private func build(_ options: MachineOptions) throws -> TwinSpecification {
    try TwinBuilder(options).build().specification
  }

  @Test func `memory is a size for each node`() throws {
    let specification = try build(MachineOptions(memory: "2G,1G"))
    #expect(specification.configuration.layout.nodes == [NodeID(0), NodeID(1)])
    #expect(specification.cpuCount == 2)
    let twin = try Twin(specification)
    let present = twin.subsystem.zones.reduce(0) { $0 + $1.presentPageCount }
    #expect(present == (3 << 30 - (1 << 20) + 0x9_F000 - 0x1000) >> 12)
  }

  @Test func `nodes lie on both sides of the device window`() throws {
    let specification = try build(MachineOptions(memory: "2G,2G,0"))
    let layout = specification.configuration.layout
    #expect(layout.node(at: PhysicalAddress(1 << 30)) == NodeID(0))
    #expect(layout.node(at: PhysicalAddress(5 << 29)) == NodeID(1))
    #expect(layout.node(at: PhysicalAddress(7 << 29)) == nil)
    #expect(layout.node(at: PhysicalAddress(4 << 30)) == NodeID(1))
    #expect(layout.memorylessNodes == [NodeID(2)])
    _ = try Twin(specification)
  }

  @Test(arguments: [
    "", "0", "0,0", "1K", "-5", "1E", "99999999999T", "64T", "3M", "63M", "4G,", ",4G", "4G,,4G",
    "garbage", "1.5G", "32T,32T", "16777216T", "18446744073709551615",
  ])
  func `memory that cannot be is refused`(memory: String) {
    let error = #expect(throws: InputError.self) { try build(MachineOptions(memory: memory)) }
    #expect(error?.description.hasPrefix("--memory: ") == true)
  }

  @Test func `more nodes than there can be are refused`() {
    let memory = [String](repeating: "64M", count: 1025).joined(separator: ",")
    #expect(throws: InputError.self) { try build(MachineOptions(memory: memory)) }
  }

  @Test func `the largest machine boots`() throws {
    let specification = try build(MachineOptions(memory: "65535G"))
    #expect(specification.span == 64 << 40)
  }

  @Test(arguments: ArchitectureChoice.names + ["amd64", "aarch64", "riscv64", "ppc64le"])
  func `every architecture boots`(name: String) throws {
    let twin = try Twin(try build(MachineOptions(memory: "4G", architecture: name)))
    #expect(twin.subsystem.totals.freePageCount > 0)
  }

  @Test(arguments: ["", "foo", "x86", "s390x", "x86_64\0"])
  func `architectures that there are not are refused`(name: String) {
    #expect(throws: InputError.self) {
      try build(MachineOptions(memory: "4G", architecture: name))
    }
  }

  @Test(arguments: ["", "5.10", "7", "7.2.13", "Unified", "6.1,6.12", "host "])
  func `kernels that there are not are refused`(name: String) {
    #expect(throws: InputError.self) { try build(MachineOptions(memory: "4G", kernel: name)) }
  }

  @Test(arguments: ["", "0", "4097", "-1", "two", "99999999999999999999"])
  func `numbers of CPUs that cannot be are refused`(cpus: String) {
    #expect(throws: InputError.self) { try build(MachineOptions(memory: "4G", cpus: cpus)) }
  }

  @Test func `a sysroot and memory at once are refused`() {
    #expect(throws: InputError.self) { try build(MachineOptions(sysroot: "/", memory: "4G")) }
  }

  @Test(arguments: ["/nonexistent", "/dev/null", "/usr/bin", ""])
  func `a sysroot that describes no host is refused`(root: String) {
    #expect(throws: InputError.self) { try build(MachineOptions(sysroot: root)) }
  }
}

@Suite struct `The kernel nearest to a host's` {
  @Test(arguments: [
    (UInt(5), UInt(14), "5.14"), (5, 19, "5.14"), (6, 1, "6.1"), (6, 11, "6.1"), (6, 12, "6.12"),
    (6, 18, "6.12"), (7, 1, "6.12"), (7, 2, "7.2"), (9, 0, "7.2"), (4, 19, "5.14"),
  ])
  func `is the newest that is not newer`(major: UInt, minor: UInt, name: String) {
    let version = HostDescription.KernelVersion(major, minor)
    let nearest = KernelDesign.nearest(to: version)
    #expect("\(nearest.design.name)" == name)
    #expect((nearest.note == nil) == ("\(version)" == name))
  }

  @Test func `is said to be a guess where the host does not tell`() {
    #expect(KernelDesign.nearest(to: nil).note != nil)
  }
}
