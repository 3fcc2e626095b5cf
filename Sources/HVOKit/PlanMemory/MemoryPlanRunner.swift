// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import LinuxHost

/// Answers what adding memory takes: adds it to a twin, and tries to take it away again.
public struct MemoryPlanRunner {
  private let options: MachineOptions
  private let wish: MemoryWish

  /// Prepares a plan.
  ///
  /// - Throws: ``InputError`` for what cannot be read.
  public init(
    _ options: MachineOptions, _ wish: MemoryWishOptions, pools: [String] = []
  ) throws(InputError) {
    guard pools.isEmpty else {
      throw InputError("--pool: ask about pools and about memory to be added one at a time")
    }
    self.options = options
    self.wish = try MemoryWish(wish)
  }

  /// Runs it.
  ///
  /// - Parameter progress: is told what is being done.
  /// - Throws: ``InputError`` if there is no such machine, or no place in it.
  public func run(
    progress: (String) -> Void = { _ in }
  ) throws(InputError) -> MemoryPlanReport {
    progress("hvo: reading the machine …")
    var blueprint = try TwinBuilder(options).build()
    blueprint.specification = blueprint.specification.adding("hugetlb_free_vmemmap=on")
    let place = try MemoryPlace(wish, in: blueprint.specification)
    try checkRoom(for: place)
    let twin = try Twin(place.specification)
    let attachment = MemoryAttachment(wish: wish, place: place, twin: twin)
    try check(attachment)
    let machine = PlanReport.Machine(twin, cpuCount: place.specification.cpuCount)
    var report = MemoryPlanReport(
      machine: machine, host: blueprint.host.map { PlanReport.Host($0, options.sysroot) },
      asked: asked(place, attachment), result: nil, refusal: nil,
      notes: place.specification.notes)
    progress("hvo: adding memory …")
    do throws(MemoryAttachment.Refusal) {
      report.result = try attachment.run()
    } catch {
      report.refusal = error.explanation
    }
    guard report.result != nil else { return report }
    progress("hvo: taking memory away …")
    let untouched = try Twin(place.specification)
    let movable = attachment.isOrdinary ? try attached(place, onlineAs: "online_movable") : nil
    report.result?.departures = MemoryDepartures(
      attachment: attachment, untouched: untouched, movable: movable
    ).run()
    if let result = report.result {
      report.result?.remarks =
        MemoryRemarks(
          asked: report.asked, result: result, subsystem: twin.subsystem,
          canBeForced: try canBeForced(place, report.asked, result)
        ).lines
    }
    return report
  }

  /// A fresh twin with the memory added; nil if that fails.
  private func attached(
    _ place: MemoryPlace, onlineAs type: String
  ) throws(InputError) -> MemoryAttachment? {
    let attachment = MemoryAttachment(
      wish: wish, place: place, twin: try Twin(place.specification))
    return (try? attachment.run(onlineAs: type)) == nil ? nil : attachment
  }

  /// Whether memory that does not hold its own descriptors would do so if forced.
  private func canBeForced(
    _ place: MemoryPlace, _ asked: MemoryPlanReport.Asked, _ result: MemoryPlanReport.Result
  ) throws(InputError) -> Bool {
    guard asked.memmapOnMemory == true, !result.places.contains(where: { $0.kind == "itself" })
    else { return false }
    let forced = place.adding("memory_hotplug.memmap_on_memory=force")
    return try attached(forced, onlineAs: "online")?.isSelfHosted ?? false
  }

  private func asked(
    _ place: MemoryPlace, _ attachment: MemoryAttachment
  ) -> MemoryPlanReport.Asked {
    var asked = MemoryPlanReport.Asked(
      kind: "hot-add", startAddress: place.range.lowerBound.rawValue,
      bytes: place.range.upperBound.rawValue - place.range.lowerBound.rawValue,
      node: place.node.index, alignBytes: nil, map: nil, memmapOnMemory: nil,
      blockBytes: attachment.blockByteCount)
    switch wish {
    case .hotAdd(_, _, let holdsItself): asked.memmapOnMemory = holdsItself
    case .device(let device):
      asked.kind = "dax"
      asked.alignBytes = device.alignment
      asked.map = device.place.rawValue
    }
    return asked
  }

  /// Makes sure that the twin's page tables can do what is asked.
  private func check(_ attachment: MemoryAttachment) throws(InputError) {
    let format = attachment.twin.subsystem.format
    switch wish {
    case .hotAdd(let byteCount, _, _):
      let block = attachment.blockByteCount
      guard byteCount % block == 0 else {
        throw InputError(
          "--hot-add: \(ByteText.short(byteCount)) is no multiple of \(ByteText.short(block)), the "
            + "block in which memory comes and goes on this machine")
      }
    case .device(let device):
      let sizes =
        [format.pageSize.byteCount]
        + format.hugePageOrders.map { $0.pageCount << format.pageSize.shift }
      guard sizes.contains(device.alignment) else {
        throw InputError(
          "--align: \(format.name) has no pages of \(ByteText.pageSize(device.alignment)); "
            + "choose one of \(sizes.map(ByteText.pageSize).joined(separator: ", "))")
      }
    }
  }

  /// Makes sure that this machine, the real one, can hold the twin.
  private func checkRoom(for place: MemoryPlace) throws(InputError) {
    let bytes = place.range.upperBound.rawValue - place.range.lowerBound.rawValue
    // A descriptor for each frame of descriptors; of a device's pages, a page each.
    var needed = UInt(128) << 20 + place.specification.span >> 14 + bytes >> 12
    if case .device(let device) = wish, device.alignment > 4 << 10 {
      needed += bytes / device.alignment * (8 << 10)
    }
    guard let available = PlanRunner.availableBytes, needed > available else { return }
    throw InputError(
      "the twin would take about \(ByteText.short(needed)) of this machine's memory, which has "
        + "\(ByteText.short(available)) to spare; run it on a larger one, or ask for less")
  }
}

extension MemoryAttachment.Refusal {
  /// The error with what is behind it.
  fileprivate var explanation: String {
    switch error {
    case .invalid: "EINVAL: the range or the place of its descriptors cannot be used"
    case .exists: "EEXIST: somebody has claimed some of the range"
    case .outOfMemory: "ENOMEM: there is not enough memory for descriptors"
    case .outOfReach: "E2BIG: the range is beyond what these page tables reach"
    case .busy, .poisoned, .interrupted, .vetoed: "\(InterfaceError(error).name)"
    }
  }
}
