// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Testing

/// The examples of `Documentation/TestYourOwnChange.md`.
@Suite struct `The examples of the documentation` {
  @Test func `I 5 holds`() throws {
    let finding = try ScenarioRun.finding(
      in: """
        #@ machine memory=512M cpus=2
        #@ boot hugetlb_free_vmemmap=on
        echo 4 > /proc/sys/vm/nr_hugepages
        #@ cpu 1
        echo 0 > /proc/sys/vm/nr_hugepages
        """)
    #expect(finding == nil)
  }

  @Test func `growing leaves nothing wrong, whatever fails`() throws {
    var grow = SweptOperation<Void>(
      name: "grow",
      prepare: { _ in },
      perform: { host, _ in
        try? InterfaceTree(host.subsystem)
          .writeAll(Array("4\n".utf8)[...], to: Array("/proc/sys/vm/nr_hugepages".utf8)[...])
      },
      // Growing is never an error: it ends with as many pages as could be had.
      verdict: { _, _, _ in [] })
    grow.ending = .open
    let setup = try Script(Array("#@ machine memory=64M\n".utf8)[...]).setup
    let sweep = try FailureSweep(pairsOf: grow) { try LabHost(setup) }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount >= 4)
  }
}
