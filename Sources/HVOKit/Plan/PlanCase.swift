// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// One question of a plan: what if the pools were like this?
struct PlanCase: Equatable {
  /// A pool's part on one node, and how many pages it is to have.
  struct Part: Equatable {
    var pageByteCount: UInt
    var node: Int
    var pageCount: UInt
  }

  /// Where a case comes from.
  enum Origin {
    /// The host has these pools.
    case existing
    /// Somebody would like to have them.
    case proposed
  }

  /// What distinguishes the case, in a few words.
  let title: String
  /// The parts; each pair of size and node occurs once.
  let parts: [Part]
  var origin = Origin.proposed
  /// What must be said about the case before it is run.
  var remarks: [String] = []
}

/// Works out the cases of a plan, once it is known what memory pools could have.
struct PlanCases {
  let format: PagingFormat
  /// The bytes that each node has free, by node.
  let freeBytes: [(node: Int, bytes: UInt)]
  /// Sizes that the architecture has and this machine's processors have not.
  var missingSizes: Set<UInt> = []

  /// The sizes of huge pages that the machine has, smallest first.
  var pageSizes: [UInt] {
    format.hugePageOrders.map { $0.pageCount << format.pageSize.shift }
      .filter { !missingSizes.contains($0) }
  }

  /// What is asked if the user asks nothing: half and nine tenths of each node's free memory, in
  /// the usual and in the largest huge pages; and before that the pools that the host has.
  func standard(_ host: HostDescription?) -> [PlanCase] {
    let usual = format.defaultHugePageOrder.pageCount << format.pageSize.shift
    let sizes = [usual] + (pageSizes.last.map { $0 > usual ? [$0] : [] } ?? [])
    let shares = sizes.flatMap { size in
      [UInt(50), 90].map { percent in
        let request = PoolRequest(pageByteCount: size, amount: .percent(percent))
        return PlanCase(
          title: "\(ByteText.pageSize(size)) in \(percent)% of free memory",
          parts: parts(of: request), remarks: remarks(on: request))
      }
    }
    return (host.flatMap(existing).map { [$0] } ?? []) + shares
  }

  /// The pools that the host has now; nil if they are empty.
  private func existing(_ host: HostDescription) -> PlanCase? {
    let parts = host.nodes.flatMap { node in
      node.hugePages.compactMap { pool -> PlanCase.Part? in
        guard let count = pool.total, count > 0, pageSizes.contains(pool.pageBytes),
          freeBytes.contains(where: { $0.node == node.id })
        else { return nil }
        return PlanCase.Part(pageByteCount: pool.pageBytes, node: node.id, pageCount: count)
      }
    }
    guard !parts.isEmpty else { return nil }
    return PlanCase(
      title: "the pools that this host has now", parts: parts, origin: .existing)
  }

  /// The one case that consists of the pools the user asks for.
  ///
  /// - Throws: ``InputError`` for a size or node that the machine has not.
  func asked(_ requests: [PoolRequest]) throws(InputError) -> PlanCase {
    var all: [PlanCase.Part] = []
    for request in requests {
      try check(request)
      for part in parts(of: request) {
        guard
          !all.contains(where: { $0.node == part.node && $0.pageByteCount == part.pageByteCount })
        else {
          throw InputError(
            "--pool: \(ByteText.pageSize(part.pageByteCount)) pages on node \(part.node) are "
              + "asked for twice")
        }
        all.append(part)
      }
    }
    return PlanCase(
      title: requests.map(\.description).joined(separator: " "), parts: all,
      remarks: requests.flatMap(remarks))
  }

  private func check(_ request: PoolRequest) throws(InputError) {
    guard pageSizes.contains(request.pageByteCount) else {
      throw InputError(
        "--pool: \(format.name) has no huge pages of \(ByteText.pageSize(request.pageByteCount)); "
          + "choose one of \(pageSizes.map(ByteText.pageSize).joined(separator: ", "))")
    }
    guard let node = request.node else { return }
    guard freeBytes.contains(where: { $0.node == node }) else {
      let nodes = freeBytes.map { "\($0.node)" }.joined(separator: ", ")
      throw InputError(
        "--pool: the machine has no node \(node) with memory; its nodes are \(nodes)")
    }
  }

  private func parts(of request: PoolRequest) -> [PlanCase.Part] {
    let nodes = freeBytes.filter { request.node == nil || $0.node == request.node }
    return nodes.enumerated().compactMap { index, node in
      let count =
        switch request.amount {
        case .percent(let percent):
          // Free memory is below 2^56 bytes, so a hundred times as much fits.
          node.bytes * percent / 100 / request.pageByteCount
        case .pages(let count):
          // Without a node, pages are spread evenly, the first nodes getting what is left over.
          count / UInt(nodes.count) + (UInt(index) < count % UInt(nodes.count) ? 1 : 0)
        }
      return PlanCase.Part(
        pageByteCount: request.pageByteCount, node: node.node, pageCount: count)
    }
  }
}

extension PlanCases {
  /// The nodes on which a share of the free memory is less than one page.
  private func remarks(on request: PoolRequest) -> [String] {
    guard case .percent(let percent) = request.amount, percent > 0 else { return [] }
    let size = ByteText.pageSize(request.pageByteCount)
    return parts(of: request).filter { $0.pageCount == 0 }.map { part in
      let free = freeBytes.first { $0.node == part.node }?.bytes ?? 0
      return "node \(part.node): no \(size) page, as \(percent)% of its "
        + "\(ByteText.short(free)) of free memory is less than that"
    }
  }
}

extension PoolRequest: CustomStringConvertible {
  /// The request as the user would write it.
  var description: String {
    let place = node.map { "@\($0)" } ?? ""
    switch amount {
    case .pages(let count): return "\(ByteText.pageSize(pageByteCount))\(place)=\(count)"
    case .percent(let percent): return "\(ByteText.pageSize(pageByteCount))\(place)=\(percent)%"
    }
  }
}
