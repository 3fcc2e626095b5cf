// SPDX-License-Identifier: Apache-2.0

extension VmemmapOptimizer {
  /// Makes sure that every page of the folio's vmemmap has an entry of its own.
  ///
  /// - Returns: the flush that the splits still need; empty if all was split already.
  /// - Throws: ``VmemmapOptimizeError``; leaves split so far stay split, and nothing else changed.
  func splitLeaves(
    of folio: Folio, in batch: inout FoldingBatch, flushingAtOnce: Bool
  ) throws(VmemmapOptimizeError) -> PendingTLBFlush {
    if design.selfHostedCheck == .duringWalk, isSelfHosted(folio, &batch.cursor) {
      throw .selfHosted
    }
    let addresses = addresses(of: folio)
    if batch.cursor.table(for: addresses.lowerBound, in: tables) != nil,
      addresses.upperBound <= batch.cursor.addresses.upperBound
    {
      return .nothing
    }
    // Nobody says where such a table should lie: it comes from near the CPU that asks for it.
    let source = RuntimeTables(
      allocator: allocator, accounting: accounting, node: topology.nodes[localNode].id)
    var pending = PendingTLBFlush.nothing
    var address = addresses.lowerBound.rounded(downToBytes: tables.format.pmdByteCount)
    while address < addresses.upperBound {
      let outcome: SplitOutcome
      do throws(OutOfTables) {
        outcome = try tables.splitLeaf(at: address, from: source)
      } catch {
        // Old and new translations are the same: a TLB that keeps the leaf is right until the
        // entries change, and whoever changes them flushes the range.
        pending.commit(on: machine)
        throw .outOfFrames
      }
      switch consume outcome {
      case .alreadyTable: break
      case .split(_, let flush):
        if flushingAtOnce {
          flush.commit(on: machine)
        } else {
          pending = pending.joined(with: flush)
        }
      }
      address = address.advanced(byBytes: tables.format.pmdByteCount)
    }
    return pending
  }
}
