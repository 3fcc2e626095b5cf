// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `Pools on the command line` {
  @Test func `are a size, perhaps a node, and a count or a share`() throws {
    let request = try PoolRequest("2M=512")
    #expect(request == PoolRequest(pageByteCount: 2 << 20, amount: .pages(512)))
    #expect(
      try PoolRequest("1G@3=50%")
        == PoolRequest(pageByteCount: 1 << 30, node: 3, amount: .percent(50)))
  }

  @Test(arguments: [
    "", "=", "2M", "2M=", "=5", "2M=-1", "2M=five", "2M@=5", "2M@x=5", "2M@-1=5", "2M@1024=5",
    "2M@0@1=5", "2M=5=5", "2M=101%", "2M=%", "2M=5%%", "2M=99999999999999999999", "99999999999T=1",
    "2M@99999999999999999999=1",
  ])
  func `anything else is refused`(text: String) {
    #expect(throws: InputError.self) { try PoolRequest(text) }
  }

  @Test(arguments: ["3M=1", "0=1", "2M@9=1", "16G=1"])
  func `sizes and nodes that the machine has not are refused`(pool: String) throws {
    let runner = try PlanRunner(MachineOptions(memory: "1G"), pools: [pool])
    #expect(throws: InputError.self) { try runner.run() }
  }

  @Test func `asking twice for the same part is refused`() throws {
    let runner = try PlanRunner(MachineOptions(memory: "1G"), pools: ["2M=1", "2M@0=2"])
    #expect(throws: InputError.self) { try runner.run() }
  }
}

@Suite struct `A plan` {
  private func plan(
    _ memory: String, kernel: String = "7.2", _ pools: [String] = []
  ) throws -> PlanReport {
    try PlanRunner(MachineOptions(memory: memory, kernel: kernel), pools: pools).run()
  }

  @Test(arguments: ["5.14", "6.1", "6.12", "7.2", "unified"])
  func `gives back what the design saves, less tables and shared tails`(kernel: String) throws {
    let report = try plan("2G", kernel: kernel, ["2M=64"])
    let total = try #require(report.cases.first?.total)
    let saved = kernel == "5.14" ? 6 : 7
    let hasSharedTail = kernel == "7.2" || kernel == "unified"
    let gross = (64 * saved - (hasSharedTail ? 1 : 0)) * 4096
    #expect(total.pools.map(\.optimizedPages) == [64])
    #expect(Int(total.vmemmapBytesBefore) - Int(total.vmemmapBytesAfter) == gross)
    #expect(total.netBytesGivenBack == gross - total.tableBytesSpent)
    #expect(total.tableBytesSpent >= 4096)
    #expect(total.restoreBytesNeeded == UInt(64 * saved * 4096))
    #expect(total.pagesNotGivenBack == 0)
  }

  @Test func `counts work that only depends on the case`() throws {
    let first = try plan("2G", ["2M=100"])
    let second = try plan("2G", ["2M=100"])
    #expect(first == second)
    let cost = try #require(first.cases.first?.cost)
    #expect(cost.grow.bytesCopied == 100 * 4096)
    #expect(cost.shrink.bytesCopied == 100 * 7 * 4096)
  }

  @Test func `has four cases unless asked otherwise, and sums up nodes`() throws {
    let report = try plan("2G,2G")
    #expect(report.cases.count == 4)
    let total = try #require(report.cases.first?.total)
    let nodes = try #require(report.cases.first?.nodes)
    #expect(nodes.map(\.node) == [0, 1])
    #expect(total.netBytesGivenBack == nodes.reduce(0) { $0 + $1.netBytesGivenBack })
  }

  @Test func `says how many pages did not fit, and advises what did`() throws {
    let report = try plan("1G", ["2M=100000"])
    let planCase = try #require(report.cases.first)
    let pages = try #require(planCase.total?.pools.first?.pages)
    #expect(pages > 400 && pages < 512)
    #expect(planCase.remarks.contains { $0.contains("of 100,000") })
    #expect(report.advice.contains { $0.command?.hasPrefix("echo \(pages) >") == true })
  }

  @Test func `does not run a case without pages`() throws {
    let report = try plan("512M")
    #expect(report.cases.filter { $0.notRun != nil }.count == 2)
    #expect(report.text(.plain).contains { $0.contains("less than one page") })
  }

  @Test func `spreads pages without a node over all`() throws {
    let report = try plan("1G,1G,1G", ["2M=10"])
    #expect(report.cases.first?.nodes.map { $0.pools.first?.pages } == [4, 3, 3])
  }

  @Test(arguments: ["2G", "2G,1G", "1G,0,1G"])
  func `fits a terminal of 80 columns but for what is to be typed`(memory: String) throws {
    for pools in [[], ["2M@0=100", "1G=50%"], ["2M=999999"]] {
      let report = try plan(memory, pools)
      let wide = report.text(.plain).filter { $0.count > 79 && !$0.hasPrefix("      echo ") }
      #expect(wide == [])
    }
  }

  @Test func `says on which node a share is less than a page`() throws {
    let report = try plan("3G,1G", ["1G=50%"])
    #expect(report.cases.first?.remarks.count == 1)
    #expect(report.cases.first?.remarks.first?.hasPrefix("node 1: no 1G page") == true)
  }

  @Test func `advises what the kernel understands`() throws {
    func advice(_ kernel: String, _ architecture: String = "x86_64") throws -> [String] {
      let options = MachineOptions(memory: "1G", architecture: architecture, kernel: kernel)
      return try PlanRunner(options, pools: ["2M=4"]).run().advice.compactMap(\.command)
    }
    #expect(try advice("5.14").contains("hugetlb_free_vmemmap=on"))
    #expect(try !advice("5.14").contains { $0.hasPrefix("sysctl") })
    #expect(try advice("6.1").contains("sysctl -w vm.hugetlb_optimize_vmemmap=1"))
    #expect(try advice("6.1", "arm64-4k").allSatisfy { $0.hasPrefix("echo 4 >") })
  }

  @Test func `is plain text and JSON that can be read back`() throws {
    let report = try plan("1G", ["2M=10"])
    #expect(report.text(.plain).allSatisfy { !$0.contains("\u{1B}") })
    let text = try JSONText.text(of: report)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(PlanReport.self, from: Data(text.utf8)) == report)
  }
}
