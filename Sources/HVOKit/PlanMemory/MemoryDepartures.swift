// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Tries what can be taken away again once memory was added.
struct MemoryDepartures {
  let attachment: MemoryAttachment
  /// A twin to which nothing was added.
  let untouched: Twin
  /// A twin in which ordinary memory that was added is movable; nil if none was.
  let movable: MemoryAttachment?

  private var twin: Twin { attachment.twin }

  /// Tries the blocks of other memory first, as they hold descriptors of what is added.
  func run() -> [MemoryPlanReport.Departure] {
    let holders = attachment.holdingBlocks
    var departures: [MemoryPlanReport.Departure] = []
    if !holders.isEmpty {
      var departure = Self.leave(
        holders, twin, "blocks that hold its descriptors: offline", isTrial: true)
      departure.possibleBefore = Self.leave(holders, untouched, "", isTrial: true).succeeded
      departures.append(departure)
    }
    let own = attachment.ownBlocks
    guard !own.isEmpty else { return departures }
    departures.append(Self.leave(own, twin, "the added blocks: offline"))
    departures.append(remove())
    if let movable {
      departures.append(
        Self.leave(movable.ownBlocks, movable.twin, "the same after online_movable: offline"))
    }
    return departures
  }

  /// Takes each block offline; for a trial, brings it back.
  private static func leave(
    _ numbers: [UInt], _ twin: Twin, _ what: String, isTrial: Bool = false
  ) -> MemoryPlanReport.Departure {
    var departure = MemoryPlanReport.Departure(
      what: what, blocks: UInt(numbers.count), succeeded: 0, possibleBefore: nil, errors: [])
    for number in numbers {
      let state = "\(MemoryAttachment.path(of: number))/state"
      let isOffline = departure.note { () throws(InterfaceError) in
        try twin.write("offline", to: state)
      }
      if isTrial, isOffline { try? twin.write("online", to: state) }
    }
    return departure
  }

  /// Removes all that was added in one piece.
  private func remove() -> MemoryPlanReport.Departure {
    var departure = MemoryPlanReport.Departure(
      what: "then all of it: removed at once", blocks: 1, succeeded: 0, possibleBefore: nil,
      errors: [])
    _ = departure.note { () throws(InterfaceError) in
      do throws(HotplugError) {
        try twin.subsystem.removeMemory(attachment.place.range)
      } catch {
        throw InterfaceError(error)
      }
    }
    return departure
  }
}

extension MemoryPlanReport.Departure {
  /// Counts whether something succeeds, and returns it.
  fileprivate mutating func note(_ attempt: () throws(InterfaceError) -> Void) -> Bool {
    do throws(InterfaceError) {
      try attempt()
      succeeded += 1
      return true
    } catch {
      let name = "\(error.name)"
      if !errors.contains(name) { errors.append(name) }
      return false
    }
  }
}
