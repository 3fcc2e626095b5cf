// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// What went otherwise than the user might expect, in sentences.
struct PlanRemarks {
  let results: [PlanReport.NodeResult]
  let kernel: KernelDesign

  init(_ results: [PlanReport.NodeResult], kernel: KernelDesign) {
    (self.results, self.kernel) = (results, kernel)
  }

  var lines: [String] {
    results.flatMap { result in
      result.pools.flatMap { missing(in: $0, on: result) + whole(in: $0, on: result) }
        + stuck(on: result)
    }
  }

  private func missing(
    in pool: PlanReport.Pool, on result: PlanReport.NodeResult
  ) -> [String] {
    guard pool.pages < pool.wantedPages else { return [] }
    return [
      "\(place(result)): only \(ByteText.grouped(pool.pages)) of "
        + "\(ByteText.grouped(pool.wantedPages)) \(ByteText.pageSize(pool.pageBytes)) pages: "
        + "no more contiguous free memory of that size above the kernel's reserve"
    ]
  }

  private func whole(in pool: PlanReport.Pool, on result: PlanReport.NodeResult) -> [String] {
    let pages = pool.unoptimizedPages
    let size = ByteText.pageSize(pool.pageBytes)
    var lines: [String] = []
    if pages.unsupported > 0 {
      lines.append(
        "pages of \(size) are not optimised: a kernel of this design cannot do it on this "
          + "architecture")
    }
    if pages.selfHosted > 0 {
      lines.append(
        "\(ByteText.count(pages.selfHosted, "\(size) page")) not optimised: the descriptors lie "
          + "on the memory that they describe")
    }
    if pages.outOfMemory > 0 {
      lines.append(
        "\(ByteText.count(pages.outOfMemory, "\(size) page")) not optimised: no memory was left "
          + "for a head page or a page table")
    }
    return lines.map { "\(place(result)): \($0)" }
  }

  private func stuck(on result: PlanReport.NodeResult) -> [String] {
    guard result.pagesNotGivenBack > 0 else { return [] }
    let ownNodeOnly = kernel.vmemmap.restoreOptions.contains(.thisNode)
    return [
      "\(place(result)): \(ByteText.count(result.pagesNotGivenBack, "page")) could not be given "
        + "back and stay as surplus: no memory for their descriptors"
        + (ownNodeOnly ? " on their own node, the only one that this kernel tries" : "")
    ]
  }

  private func place(_ result: PlanReport.NodeResult) -> String { "node \(result.node ?? 0)" }
}
