// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

/// What running a script printed and how its lines went.
private struct Run {
  var output: String
  var outcomes: [ScriptOutcome]

  var isGood: Bool { outcomes.allSatisfy(\.isGood) }

  init(_ text: String) throws {
    let script = try Script(textBytes(text))
    let machine = script.setup.machine ?? MachineDescription()
    let hardware = try HostedMachine(
      span: machine.spanByteCount, regime: machine.format.regime, cpuCount: machine.cpuCount)
    let subsystem = try MemorySubsystem(try script.setup.bootConfiguration(), on: hardware)
    var sink = TextSink()
    outcomes = ScriptRunner(InterfaceTree(subsystem)).run(script, output: &sink)
    for outcome in outcomes { outcome.describe(to: &sink) }
    output = String(decoding: sink.bytes, as: UTF8.self)
  }
}

@Suite struct `Running scripts` {
  @Test func `commands print what a shell would`() throws {
    let run = try Run(
      """
      #@ boot quiet
      echo hello
      cat /proc/cmdline /proc/sys/vm/nr_hugepages
      true
      """)
    #expect(run.isGood)
    #expect(run.output == "hello\nquiet\n0\n")
  }

  @Test func `ls sorts names`() throws {
    let run = try Run("#@ machine cpus=2\nls /sys/devices/system/cpu\nls /proc/cmdline")
    #expect(run.output == "cpu0\ncpu1\nonline\npossible\npresent\n/proc/cmdline\n")
  }

  @Test func `expectations that hold are good`() throws {
    let run = try Run(
      """
      #@ machine memory=1G nodes=2 cpus=2
      #@ kernel 7.2
      #@ boot hugetlb_free_vmemmap=on
      echo 64 > /proc/sys/vm/nr_hugepages
      #@ expect error none
      #@ expect /proc/sys/vm/nr_hugepages 64
      #@ expect field HugePages_Total of /proc/meminfo 64
      #@ expect field HugePages_Free of /sys/devices/system/node/node1/meminfo 32
      #@ expect saved-pages 446
      #@ cpu 1
      #@ map-huge 3 2M touch as guest
      #@ expect field HugePages_Free of /proc/meminfo 61
      #@ unmap guest
      #@ expect field HugePages_Free of /proc/meminfo 64
      echo abc > /proc/sys/vm/nr_hugepages
      #@ expect error EINVAL
      echo 1 > /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
      #@ expect error EACCES
      cat /proc/sys/vm/nr_hugepages
      #@ expect output 64
      echo 0 > /proc/sys/vm/nr_hugepages
      #@ expect saved-pages 0
      #@ check
      """)
    #expect(run.isGood)
    #expect(run.output == "64\n")
    #expect(run.outcomes[11].result == .failedAsExpected(.invalid))
  }

  @Test func `expectations that do not hold say what was found`() throws {
    let run = try Run(
      """
      echo 3 > /proc/sys/vm/nr_hugepages
      #@ expect /proc/sys/vm/nr_hugepages 4
      #@ expect error EBUSY
      #@ expect field HugePages_Total of /proc/meminfo 5
      #@ expect field Nonsense of /proc/meminfo 5
      #@ expect /proc/nothing 1
      echo x > /proc/nothing
      #@ expect error EACCES
      #@ expect saved-pages 12345
      #@ unmap nobody
      #@ cpu 5
      #@ map-huge 1 3M touch
      """)
    #expect(
      run.output == """
        line 2: wanted 4, found 3
        line 3: wanted EBUSY, found none
        line 4: wanted 5, found 3
        line 5: wanted 5, found 
        line 6: wanted 1, found ENOENT
        line 7: ENOENT
        line 8: wanted EACCES, found ENOENT
        line 9: wanted 12345, found 0
        line 10: there is no such CPU, node, page size, mapping, memory or area
        line 11: there is no such CPU, node, page size, mapping, memory or area
        line 12: there is no such CPU, node, page size, mapping, memory or area

        """)
  }

  @Test(arguments: [("6.12", "#@ expect saved-pages 7"), ("7.2", "#@ expect saved-pages 6")])
  func `an expectation of other kernels is passed over`(kernel: String, line: String) throws {
    let run = try Run(
      """
      #@ kernel \(kernel)
      #@ boot hugetlb_free_vmemmap=on hugepages=1
      \(line)
      #@ expect on 5.14 saved-pages 5
      #@ expect on 6.1,6.12 saved-pages 7
      #@ expect on 7.2,unified saved-pages 6
      echo x > /proc/sys/vm/nr_hugepages
      #@ expect on 6.1 error none
      #@ expect on 6.12,7.2 error EINVAL
      """)
    #expect(run.isGood, "\(run.output)")
    #expect(run.outcomes.count { $0.result == .skipped } == 3)
  }

  @Test func `an error that only other kernels expect is a failure`() throws {
    let run = try Run(
      "#@ kernel 7.2\necho x > /proc/sys/vm/nr_hugepages\n#@ expect on 6.1 error EINVAL\n")
    #expect(run.output == "line 2: EINVAL\n")
  }

  @Test func `a script for other kernels does nothing`() throws {
    let run = try Run("#@ kernel 6.1\n#@ only on 7.2\necho hello\n#@ expect output bye\n")
    #expect(run.output.isEmpty)
    #expect(run.outcomes.allSatisfy { $0.result == .skipped })
    #expect(run.isGood)
  }

  @Test func `changes are counted from when a number was remembered`() throws {
    let run = try Run(
      """
      #@ expect change HugePages_Total of /proc/meminfo 0
      #@ remember HugePages_Total of /proc/meminfo
      #@ remember Hugepagesize of /proc/meminfo
      #@ remember Nonsense of /proc/meminfo
      echo 3 > /proc/sys/vm/nr_hugepages
      #@ expect change HugePages_Total of /proc/meminfo +3
      #@ expect change HugePages_Total of /proc/meminfo 3
      #@ expect change HugePages_Total of /proc/meminfo -3
      #@ expect change Hugepagesize of /proc/meminfo 0
      #@ expect change Nonsense of /proc/meminfo 0
      #@ remember HugePages_Total of /proc/meminfo
      echo 1 > /proc/sys/vm/nr_hugepages
      #@ expect change HugePages_Total of /proc/meminfo -2
      #@ remember Hugetlb of /proc/nothing
      #@ expect change Hugetlb of /proc/nothing 0
      """)
    #expect(
      run.output == """
        line 1: wanted 0, found nothing remembered
        line 8: wanted -3, found +3
        line 10: wanted 0, found nothing remembered
        line 15: wanted 0, found nothing remembered

        """)
  }

  @Test(arguments: ["6.1", "6.12", "7.2"])
  func `mappings fail as processes see it`(kernel: String) throws {
    let run = try Run(
      """
      #@ kernel \(kernel)
      echo 4 > /proc/sys/vm/nr_hugepages
      echo 8 > /proc/sys/vm/nr_overcommit_hugepages
      #@ map-huge 10 2M touch as big
      #@ expect field HugePages_Surp of /proc/meminfo 6
      #@ map-huge 3 2M reserve
      #@ expect error ENOMEM
      #@ map-huge 3 2M noreserve-touch
      #@ expect error ENOSPC
      #@ map-huge 18446744073709551615 2M reserve
      #@ expect error ENOMEM
      #@ map-huge 18446744073709551615 2M noreserve-touch
      #@ expect error ENOSPC
      #@ map-huge 2 2M reserve
      #@ expect field HugePages_Rsvd of /proc/meminfo 2
      #@ check
      #@ unmap all
      #@ expect field HugePages_Total of /proc/meminfo 4
      #@ expect field HugePages_Rsvd of /proc/meminfo 0
      """)
    #expect(run.isGood, "\(run.output)")
  }

  @Test func `allocations fail on demand`() throws {
    let run = try Run(
      """
      #@ kernel 7.2
      #@ boot hugetlb_free_vmemmap=on
      #@ fail-base-pages
      echo 2 > /proc/sys/vm/nr_hugepages
      #@ expect saved-pages 0
      #@ expect /proc/sys/vm/nr_hugepages 2
      #@ fail-nothing
      echo 0 > /proc/sys/vm/nr_hugepages
      #@ fail-allocation after 0
      echo 1 > /proc/sys/vm/nr_hugepages
      #@ expect /proc/sys/vm/nr_hugepages 0
      echo 1 > /proc/sys/vm/nr_hugepages
      #@ expect /proc/sys/vm/nr_hugepages 1
      #@ check
      """)
    #expect(run.isGood, "\(run.output)")
  }

  @Test func `a runner's mappings end with it`() throws {
    let files = try FileHost()
    #expect(files.writing("2", "/proc/sys/vm/nr_hugepages") == "1")
    var sink = TextSink()
    do {
      let runner = ScriptRunner(files.tree)
      let outcome = runner.run(
        .mapHuge(HugeMapRequest(pageCount: 2, pageByteCount: 2 << 20, use: .touch, name: [])),
        line: 1, output: &sink)
      #expect(outcome.isGood)
      #expect(files.reading(poolPath(2048) + "free_hugepages") == "0\n")
    }
    #expect(files.reading(poolPath(2048) + "free_hugepages") == "2\n")
  }
}

@Suite struct `Checking a subsystem` {
  @Test(arguments: kernelNames, ["on", "off"])
  func `all is well after every step`(name: String, folding: String) throws {
    let files = try FileHost(
      memory: 4 << 30, nodes: 2, kernel: kernel(name),
      commandLine: "hugetlb_free_vmemmap=\(folding) hugepages=8 hugepagesz=1G hugepages=1")
    #expect(files.host.subsystem.checkInvariants() == [])
    for (text, path) in [
      ("100", "/proc/sys/vm/nr_hugepages"), ("1", poolPath(1_048_576) + "demote"),
      ("3", "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"),
      ("1", "/proc/sys/vm/compact_memory"), ("0", "/proc/sys/vm/nr_hugepages"),
    ] {
      #expect(files.writing(text, path) == "\(text.utf8.count)")
      #expect(files.host.subsystem.checkInvariants() == [], "after \(text) > \(path)")
    }
  }

  @Test func `what is wrong is printed`() throws {
    let files = try FileHost()
    let pool = try #require(files.host.subsystem.hugeTLB.defaultPool)
    pool.counts.pageCount = 2
    pool.counts.surplusPageCount = 3
    files.host.subsystem.accounting.runtimePages.add(5, ordering: .relaxed)
    files.host.subsystem.allocator.freeLists[0].freePageCount.add(1, ordering: .relaxed)
    var sink = TextSink()
    let outcome = ScriptRunner(files.tree).run(.check, line: 7, output: &sink)
    guard case .violated(let count) = outcome.result else {
      Issue.record("the check found nothing")
      return
    }
    let lines = String(decoding: sink.bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == count)
    for (rule, numbers) in [
      ("P-POOL 2:", "wanted 2 pages, found 3 pages"),
      ("P-BUDDY 2:", "wanted 3840 pages, found 3841 pages"),
      ("P-HVO 14:", "wanted 0 pages, found 5 pages"),
    ] {
      #expect(lines.contains { $0.hasPrefix(rule) && $0.hasSuffix(numbers) }, "\(lines)")
    }
  }
}
