// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// What follows from where descriptors and memory have gone, in sentences.
struct MemoryRemarks {
  let asked: MemoryPlanReport.Asked
  let result: MemoryPlanReport.Result
  let subsystem: MemorySubsystem
  /// Whether `memory_hotplug.memmap_on_memory=force` would make the memory hold its descriptors.
  let canBeForced: Bool

  var lines: [String] { selfHosting + holders + zone + removal + folding }

  private var isSelfHosted: Bool { result.places.contains { $0.kind == "itself" } }
  private var ordinaryPlaces: [MemoryPlanReport.Place] {
    result.places.filter { $0.kind == "node" }
  }

  private var selfHosting: [String] {
    if asked.memmapOnMemory == true, !isSelfHosted {
      let isTooMany =
        subsystem.kernel.hotplug.selfHosting == .singleBlock && asked.bytes > asked.blockBytes
      return ["the memory does not hold its own descriptors: " + (isTooMany ? tooMany : unfit)]
    }
    guard isSelfHosted else { return [] }
    if asked.kind == "dax" {
      return [
        "the descriptors lie on the device, where none are shared; what they take is lost to its "
          + "data, but no ordinary memory is"
      ]
    }
    return [
      "huge pages on this memory cannot be optimised: their descriptors lie on the memory itself"
    ]
  }

  private var tooMany: String {
    "this kernel does that only for memory of exactly one block "
      + "(\(ByteText.short(asked.blockBytes)))"
  }

  private var unfit: String {
    "with these page tables, those of a block of \(ByteText.short(asked.blockBytes)) fill no whole "
      + "number of its parts"
      + (canBeForced ? "; memory_hotplug.memmap_on_memory=force does it, and wastes some" : "")
  }

  private var holders: [String] {
    let gifts = ordinaryPlaces.map { place in
      "node \(place.node ?? 0) gives \(ByteText.short(place.bytes)) for descriptors"
    }
    guard let holders = result.departures.first, let before = holders.possibleBefore else {
      return gifts
    }
    let blocks = ByteText.count(holders.blocks, "memory block")
    let end = "before the \(asked.kind == "dax" ? "device" : "added memory") is gone"
    return gifts + [
      "they lie in \(blocks) and cannot move, so that none of these can go offline \(end); "
        + (before == 0
          ? "nor could any of them before"
          : "without it \(ByteText.grouped(before)) of them could")
    ]
  }

  private var zone: [String] {
    guard let zone = result.zone else { return [] }
    let isMovable = zone == "Movable"
    return [
      isMovable
        ? "memory that goes online lands in zone Movable, where nothing stays that cannot be moved"
        : "memory that goes online lands in zone \(zone), where the kernel may put what cannot be "
          + "moved; one such page, and its block stays: write online_movable to be able to take "
          + "it away"
    ]
  }

  private var removal: [String] {
    let attempts = result.departures.filter { $0.possibleBefore == nil }
    guard asked.kind == "hot-add", attempts.count > 1, attempts[1].succeeded == 0 else { return [] }
    let leaving = attempts[0]
    if leaving.succeeded < leaving.blocks {
      return [
        "\(ByteText.count(leaving.blocks - leaving.succeeded, "added block")) could not go offline "
          + "even in a twin that does nothing else: the kernel has put pages of its own there"
      ]
    }
    guard isSelfHosted, subsystem.kernel.hotplug.removal == .strict else { return [] }
    return [
      "this kernel removes memory that holds its own descriptors only block by block"
    ]
  }

  /// Offline needs memory for what was folded.
  private var folding: [String] {
    guard asked.kind == "hot-add", !isSelfHosted,
      let pool = subsystem.pools.last(where: { $0.savedPageCountPerPage > 0 })
    else { return [] }
    let page = subsystem.format.pageSize.byteCount
    return [
      "an optimised \(ByteText.pageSize(pool.pageByteCount)) page on this memory needs "
        + "\(ByteText.short(pool.savedPageCountPerPage * page)) of memory elsewhere before its "
        + "blocks can go offline"
    ]
  }
}
