// SPDX-License-Identifier: Apache-2.0

import LinuxHost
import Testing

@Suite struct `Whether a host can use HVO` {
  private static let lines = [
    "built-in": "CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y\n",
    "built-in-on": """
    CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y
    CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON=y

    """,
    "old-name": "CONFIG_HUGETLB_PAGE_FREE_VMEMMAP=y\n",
    "left-out": "# CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP is not set\n",
  ]

  private func support(
    release: String, machine: String = "x86_64", knob: String? = nil, config: String? = nil,
    commandLine: String = "quiet", hasOtherKnobs: Bool = true
  ) throws -> HVOSupport {
    let sysroot = try Sysroot([
      "/hvo-host": "machine=\(machine)\npage-size=4096\n",
      "/proc/meminfo": meminfo(total: 1.gigabytes),
      "/proc/sys/kernel/osrelease": release + "\n",
      "/proc/cmdline": commandLine + "\n",
    ])
    if let knob { try sysroot.add(knob, at: "/proc/sys/vm/hugetlb_optimize_vmemmap") }
    if hasOtherKnobs { try sysroot.add("0\n", at: "/proc/sys/vm/nr_hugepages") }
    if let config { try sysroot.add(Self.lines[config] ?? "", at: "/boot/config-\(release)") }
    return try sysroot.read().hvo
  }

  @Test func `is what the knob says`() throws {
    #expect(try support(release: "6.12.95", knob: "1\n").state == .on)
    #expect(try support(release: "6.12.95", knob: "0\n").state == .off)
    #expect(try support(release: "5.10.0", machine: "riscv64", knob: "1\n").state == .on)
  }

  @Test func `is unknown when the knob makes no sense`() throws {
    for knob in ["2", "on", "-1", "99999999999999999999"] {
      #expect(try support(release: "6.12.95", knob: knob, hasOtherKnobs: true).state == .unknown)
    }
  }

  @Test func `is no before 5-14`() throws {
    let support = try support(release: "5.10.0-30-amd64")
    #expect(support.state == .unavailable && support.reason == .kernelTooOld)
  }

  @Test(arguments: [
    ("aarch64", "7.2.13"), ("ppc64le", "6.12.95"), ("riscv64", "6.1.192"), ("s390x", "7.2.13"),
  ])
  func `is no on an architecture that this version leaves out`(
    machine: String, release: String
  ) throws {
    #expect(try support(release: release, machine: machine).reason == .architecture)
  }

  @Test func `is no when the kernel was built without it`() throws {
    #expect(try support(release: "6.12.95", config: "left-out").reason == .notConfigured)
  }

  @Test func `is no when other knobs are there and this one is not`() throws {
    let support = try support(release: "6.12.95", config: "built-in")
    #expect(support.state == .unavailable && support.reason == .knobAbsent)
    #expect(support.isConfigured == true)
  }

  @Test func `is unknown when no knob at all is readable`() throws {
    #expect(try support(release: "6.12.95", hasOtherKnobs: false).state == .unknown)
  }

  @Test func `is decided at boot by kernels without a knob`() throws {
    let off = try support(release: "5.15.0", config: "old-name")
    #expect(off.state == .off && off.reason == .bootParameterOnly && !off.canSwitchAtRunTime)
    let on = try support(
      release: "5.15.0", config: "old-name", commandLine: "quiet hugetlb_free_vmemmap=on")
    #expect(on.state == .on && on.bootParameter == "on")
    #expect(try support(release: "5.18.0", config: "built-in-on").state == .on)
  }

  @Test func `has an explanation for every reason`() throws {
    #expect(try support(release: "6.12.95", knob: "1\n").explanation.hasSuffix("reads 1"))
    #expect(try support(release: "5.10.0").explanation.contains("5.14"))
  }
}
