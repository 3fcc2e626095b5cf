// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import LinuxHost

/// Answers a plan: boots a fresh twin for each case and runs it.
public struct PlanRunner {
  private let options: MachineOptions
  private let requests: [PoolRequest]

  /// Prepares a plan for the pools that the user wrote behind `--pool`; the usual ones if none.
  ///
  /// - Throws: ``InputError`` for a pool that cannot be read.
  public init(_ options: MachineOptions, pools: [String]) throws(InputError) {
    self.options = options
    var requests: [PoolRequest] = []
    for pool in pools { requests.append(try PoolRequest(pool)) }
    self.requests = requests
  }

  /// Runs all cases.
  ///
  /// - Parameter progress: is told what is being done.
  /// - Throws: ``InputError`` if there is no such machine.
  public func run(progress: (String) -> Void = { _ in }) throws(InputError) -> PlanReport {
    progress("hvo: reading the machine …")
    var blueprint = try TwinBuilder(options).build()
    blueprint.specification = blueprint.specification.adding("hugetlb_free_vmemmap=on")
    let (machine, planCases) = try look(at: blueprint)
    let cases =
      requests.isEmpty ? planCases.standard(blueprint.host) : [try planCases.asked(requests)]
    var results: [PlanReport.Case] = []
    for (index, planCase) in cases.enumerated() {
      progress("hvo: case \(index + 1) of \(cases.count): \(planCase.title) …")
      results.append(try run(planCase, blueprint.specification))
    }
    return PlanReport(
      machine: machine, host: blueprint.host.map { PlanReport.Host($0, options.sysroot) },
      cases: results,
      advice: PlanAdvice(
        host: blueprint.host, cases: Array(zip(cases, results)).map { ($0.0, $0.1) },
        kernel: blueprint.specification.configuration.kernel,
        hasOneNode: machine.nodes.count == 1
      ).lines,
      notes: blueprint.specification.notes + Self.standingNotes(blueprint.host))
  }

  /// Boots a twin only to see what memory pools could have.
  private func look(
    at blueprint: TwinBuilder.Blueprint
  ) throws(InputError) -> (PlanReport.Machine, PlanCases) {
    let twin = try Twin(blueprint.specification)
    let configuration = blueprint.specification.configuration
    let machine = PlanReport.Machine(twin, cpuCount: blueprint.specification.cpuCount)
    let free = machine.nodes.filter { $0.managedBytes > 0 }.map {
      (node: $0.node, bytes: $0.freeBytes)
    }
    // Only x86 processors tell, and only of this size.
    let missing: Set<UInt> =
      blueprint.host?.processors.hasGigabytePages == false && options.architecture == nil
      ? [1 << 30] : []
    return (
      machine,
      PlanCases(format: configuration.format, freeBytes: free, missingSizes: missing)
    )
  }

  private func run(
    _ planCase: PlanCase, _ specification: TwinSpecification
  ) throws(InputError) -> PlanReport.Case {
    if planCase.parts.allSatisfy({ $0.pageCount == 0 }) {
      return .notRun(planCase, "it comes to less than one page on any node")
    }
    if let reason = Self.lackOfMemory(for: planCase, specification) {
      return .notRun(planCase, reason)
    }
    return PlanCaseRun(planCase: planCase, twin: try Twin(specification)).run()
  }

  /// Why this machine, the real one, cannot hold the twin of a case; nil if it can.
  ///
  /// A twin costs what it touches: for each huge page two pages of descriptors at most.
  private static func lackOfMemory(
    for planCase: PlanCase, _ specification: TwinSpecification
  ) -> String? {
    let page = specification.configuration.format.pageSize.byteCount
    let spanCost = specification.configuration.memoryMap.usableByteCount >> 14
    var needed = UInt(128) << 20 + spanCost
    for part in planCase.parts {
      let pages = min(
        part.pageCount, specification.configuration.memoryMap.usableByteCount / part.pageByteCount)
      needed += pages * page * 2
    }
    guard let available = availableBytes, needed > available else { return nil }
    return "the twin would take about \(ByteText.short(needed)) of this machine's memory, which "
      + "has \(ByteText.short(available)) to spare; run it on a larger one, "
      + "or ask for fewer pages with --pool"
  }

  /// What this machine, the real one, has to spare.
  static var availableBytes: UInt? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ UInt($0) })
    else { return nil }
    return kibibytes << 10
  }

  private static func standingNotes(_ host: HostDescription?) -> [String] {
    guard let host else { return [] }
    let processors =
      host.processors.hasGigabytePages == false
      ? ["the host's processors have no 1G pages (no pdpe1gb in /proc/cpuinfo)"] : []
    return processors + [
      "free memory is what the host could free (MemAvailable), with what its pools hold",
      "free memory of the twin is in one piece; on a host that has been up for long, 1G pages are "
        + "got more surely at boot",
    ]
  }
}

extension PlanReport.Case {
  /// A case that was not run.
  fileprivate static func notRun(_ planCase: PlanCase, _ reason: String) -> Self {
    Self(title: planCase.title, notRun: reason, nodes: [], total: nil, cost: nil, remarks: [])
  }
}

extension PlanReport.Machine {
  /// A machine as it is now.
  init(_ twin: Twin, cpuCount: Int) {
    let page = twin.subsystem.format.pageSize.byteCount
    let nodes = twin.subsystem.nodeIDs.map { node in
      let zones = twin.subsystem.zones.filter { $0.node == node }
      return PlanReport.Node(
        node: node.index, managedBytes: zones.reduce(0) { $0 + $1.managedPageCount } * page,
        freeBytes: zones.reduce(0) { $0 + $1.freePageCount } * page)
    }
    self.init(
      architecture: "\(twin.subsystem.format.name)", kernelDesign: "\(twin.subsystem.kernel.name)",
      cpuCount: cpuCount, memoryBytes: twin.subsystem.memoryMap.usableByteCount, nodes: nodes)
  }
}

extension PlanReport.Host {
  init(_ host: HostDescription, _ sysroot: String?) {
    self.init(
      source: sysroot ?? "/", kernelRelease: host.kernelRelease,
      optimizationState: host.hvo.state.rawValue,
      optimizationReason: host.hvo.explanation)
  }
}
