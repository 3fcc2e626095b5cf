// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// What follows from where descriptors and memory have gone, in sentences.
struct MemoryRemarks {
  let asked: MemoryPlanReport.Asked
  let result: MemoryPlanReport.Result
  let subsystem: MemorySubsystem

  var lines: [String] { selfHosting + holders + zone + removal + folding }

  private var isSelfHosted: Bool { result.places.contains { $0.kind == "itself" } }
  private var ordinaryPlaces: [MemoryPlanReport.Place] {
    result.places.filter { $0.kind == "node" }
  }

  private var selfHosting: [String] {
    if asked.memmapOnMemory == true, !isSelfHosted {
      let isTooMany =
        subsystem.kernel.hotplug.selfHosting == .singleBlock && asked.bytes > asked.blockBytes
      return [
        "the memory does not hold its own descriptors: "
          + (isTooMany
            ? "this kernel does that only for memory of exactly one block "
              + "(\(ByteText.short(asked.blockBytes)))"
            : "blocks of \(ByteText.short(asked.blockBytes)) cannot with these page tables; "
              + "memory_hotplug.memmap_on_memory=force may make them")
      ]
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

  private var holders: [String] {
    ordinaryPlaces.map { place in
      let blocks = ByteText.count(place.blocks, "memory block")
      return "node \(place.node ?? 0) gives \(ByteText.short(place.bytes)) for descriptors, in "
        + "\(blocks); they cannot move, so these blocks cannot go offline before the "
        + (asked.kind == "dax" ? "device" : "added memory") + " is gone"
    }
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
    guard let departure = result.departures.last, asked.kind == "hot-add",
      departure.succeeded == 0
    else { return [] }
    let leaving = result.departures.dropLast().last
    if let leaving, leaving.succeeded < leaving.blocks {
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
