// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Requests that no machine could meet` {
  @Test(arguments: ["6.1", "7.2"], ["on", "off"])
  func `they end quickly, with what there is`(name: String, folding: String) throws {
    let files = try FileHost(
      memory: 3 << 30, nodes: 2, kernel: kernel(name),
      commandLine: "hugetlb_free_vmemmap=\(folding)")
    for number in ["4611686018427387904", "9223372036854775808", "18446744073709551615"] {
      for path in [
        poolPath(1_048_576) + "nr_hugepages", "/proc/sys/vm/nr_hugepages",
        "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages",
      ] {
        #expect(files.writing(number, path) == "\(number.utf8.count)")
        let count = try #require(UInt(files.text(path).dropLast()))
        #expect(count < 1536)
      }
      #expect(files.writing(number, poolPath(1_048_576) + "demote") == "\(number.utf8.count)")
    }
    #expect(files.writing("0", "/proc/sys/vm/nr_hugepages") == "1")
    #expect(files.writing("0", poolPath(1_048_576) + "nr_hugepages") == "1")
    #expect(files.reading("/proc/sys/vm/nr_hugepages") == "0\n")
    #expect(files.host.complaints == [])
  }
}
