// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// What to do on the host to get what a plan shows.
struct PlanAdvice {
  /// The host; nil if the user described the machine.
  let host: HostDescription?
  /// The cases and what came of them.
  let cases: [(asked: PlanCase, result: PlanReport.Case)]
  /// The kernel that the twin imitates.
  let kernel: KernelDesign
  let hasOneNode: Bool

  var lines: [PlanReport.Advice] { switching + sizing }

  // MARK: Switching it on

  private var switching: [PlanReport.Advice] {
    if folds.isEmpty { return [] }
    if !folds.contains(true) {
      return [
        .init(
          text: "There is nothing to switch on: a kernel of this design does not optimise any of "
            + "these pages on this architecture.", command: nil)
      ]
    }
    guard let hvo = host?.hvo else { return [anyHost] }
    switch hvo.state {
    case .on:
      return [
        .init(
          text: "HVO is on: \(hvo.explanation). Huge pages that were in a pool before that stay "
            + "as they are until they leave it.", command: nil)
      ]
    case .off where hvo.canSwitchAtRunTime:
      return [
        .init(
          text: "HVO is off; switch it on before the pool is filled:",
          command: "sysctl -w vm.hugetlb_optimize_vmemmap=1"),
        .init(
          text: "and to keep it over reboots, add to the kernel's command line:",
          command: "hugetlb_free_vmemmap=on"),
      ]
    case .off:
      return [
        .init(
          text: "HVO is off and this kernel switches it at boot only; add to its command line:",
          command: "hugetlb_free_vmemmap=on")
      ]
    case .unavailable:
      return [
        .init(
          text: "This host's kernel cannot do it: \(hvo.explanation). It takes a kernel with "
            + "CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y (x86-64: Linux 5.14 or later; most "
            + "distributions' kernels have it) and the boot parameter:",
          command: "hugetlb_free_vmemmap=on")
      ]
    case .unknown:
      return [
        .init(
          text: "Whether this host's kernel can do it is not known: \(hvo.explanation). "
            + "Ask it (1 is on, 0 off, no such file: it cannot):",
          command: "cat /proc/sys/vm/hugetlb_optimize_vmemmap")
      ]
    }
  }

  /// For each pool of a case that was run, whether its pages can be folded at all.
  private var folds: [Bool] {
    let pools: [PlanReport.Pool] = cases.flatMap { $0.result.total?.pools ?? [] }
    return pools.filter { $0.pages > 0 }.map { $0.unoptimizedPages.unsupported < $0.pages }
  }

  private var anyHost: PlanReport.Advice {
    guard kernel.vmemmap.hasRuntimeSwitch else {
      return .init(
        text: "On a Linux host with such a kernel, add to its command line:",
        command: "hugetlb_free_vmemmap=on")
    }
    return .init(
      text: "On a Linux host whose kernel has HVO, switch it on before the pool is filled:",
      command: "sysctl -w vm.hugetlb_optimize_vmemmap=1")
  }

  // MARK: Sizing the pool

  /// The commands for each case, with the numbers of pages that the twin really got.
  private var sizing: [PlanReport.Advice] {
    cases.filter { $0.asked.origin == .proposed }.flatMap { planCase, result in
      let parts = planCase.parts.compactMap { Self.reached($0, in: result) }
      guard !parts.isEmpty else { return [PlanReport.Advice]() }
      let commands = parts.map { part in
        PlanReport.Advice(
          text: "", command: "echo \(part.pageCount) > \(path(of: part))")
      }
      var lines = [PlanReport.Advice(text: "\(planCase.title):", command: nil)] + commands
      if let boot = bootParameters(parts) {
        lines.append(.init(text: "or, surer for pages that large, at boot:", command: boot))
      }
      return lines
    }
  }

  /// The file to write to: on a host of one node the shorter path that means the same.
  private func path(of part: PlanCase.Part) -> String {
    hasOneNode
      ? "/sys/kernel/mm/hugepages/hugepages-\(part.pageByteCount >> 10)kB/nr_hugepages"
      : PlanCaseRun.path(of: part)
  }

  /// The part with as many pages as the twin got; nil if it got none.
  private static func reached(
    _ part: PlanCase.Part, in result: PlanReport.Case
  ) -> PlanCase.Part? {
    let pools = result.nodes.first { $0.node == part.node }?.pools ?? []
    guard let pool = pools.first(where: { $0.pageBytes == part.pageByteCount }), pool.pages > 0
    else { return nil }
    var part = part
    part.pageCount = pool.pages
    return part
  }

  /// The boot parameters for the gigantic parts; nil if there are none.
  private func bootParameters(_ parts: [PlanCase.Part]) -> String? {
    let gigantic = parts.filter { $0.pageByteCount >= 1 << 30 }
    guard let size = gigantic.first?.pageByteCount,
      gigantic.allSatisfy({ $0.pageByteCount == size })
    else { return nil }
    let counts =
      hasOneNode
      ? "\(gigantic[0].pageCount)"
      : gigantic.map { "\($0.node):\($0.pageCount)" }.joined(separator: ",")
    return "hugetlb_free_vmemmap=on hugepagesz=\(ByteText.pageSize(size)) hugepages=\(counts)"
  }
}
