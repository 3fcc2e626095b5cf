// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Adds memory to a twin, looks, and tries to take away what is there.
struct MemoryAttachment {
  let wish: MemoryWish
  let place: MemoryPlace
  let twin: Twin

  /// Why memory could not be added.
  struct Refusal: Error {
    var error: HotplugError
  }

  private var page: UInt { twin.subsystem.format.pageSize.byteCount }
  private var frames: FrameRange { twin.subsystem.format.pageSize.wholePages(in: place.range) }

  /// The size of the twin's memory blocks.
  ///
  /// - Unit: bytes.
  var blockByteCount: UInt {
    twin.subsystem.memoryBlocks.first.map { $0.frames.pageCount * page }
      ?? 1 << twin.subsystem.format.sectionShift
  }

  // MARK: Adding

  /// Does it; ordinary memory goes online as `type` says.
  func run(onlineAs type: String = "online") throws(Refusal) -> MemoryPlanReport.Result {
    let before = (totals: twin.subsystem.totals, cost: twin.machine.cost.reading)
    do throws(HotplugError) {
      try add()
    } catch {
      throw Refusal(error: error)
    }
    let cost = PlanReport.Work(twin.machine.cost.reading - before.cost)
    let attached = twin.subsystem.totals
    let holders = twin.subsystem.descriptorFrames(of: frames)
    let descriptors = Self.descriptors(twin.subsystem.descriptorCensus(of: frames), twin)
    let places = places(of: holders)
    let zone = isOrdinary ? defaultZone : nil
    if isOrdinary { bringOnline(type) }
    let totals = twin.subsystem.totals
    let tables = attached.tablePageCount - before.totals.tablePageCount
    return MemoryPlanReport.Result(
      descriptors: descriptors, places: places, tableBytes: UInt(max(0, tables)) * page,
      usableBytes: usableByteCount(totals.managedPageCount &- before.totals.managedPageCount),
      freeBytesChange: (Int(totals.freePageCount) - Int(before.totals.freePageCount)) * Int(page),
      cost: cost, zone: zone, departures: [], remarks: [])
  }

  var isOrdinary: Bool {
    if case .hotAdd = wish { return true }
    return false
  }

  /// Gives the memory its descriptors.
  private func add() throws(HotplugError) {
    switch wish {
    case .hotAdd:
      // Firmware always allows it; the parameter decides.
      try twin.subsystem.addMemory(place.range, to: place.node, [.memmapOnMemory])
    case .device(let device):
      try twin.subsystem.describeDeviceMemory(
        frames, order: order(of: device), near: place.node, reserve: reserve(of: device))
    }
  }

  private func order(of device: DeviceWish) -> PageOrder {
    PageOrder(holding: max(1, device.alignment / page))
  }

  /// What a device sets aside: two pages of labels, then descriptors up to the first aligned byte.
  ///
  /// - Source: spec 07 section 1.
  private func reserve(of device: DeviceWish) -> DescriptorReserve? {
    guard device.place == .device else { return nil }
    let labels: UInt = 8 << 10
    let needed = labels + frames.pageCount * Self.descriptorByteCount
    let unit = max(device.alignment, page)
    let offset = (needed + unit - 1) / unit * unit
    let owner = (labels + page - 1) / page
    return DescriptorReserve(ownerPageCount: owner, descriptorPageCount: offset / page - owner)
  }

  private static let descriptorByteCount: UInt = 64

  private func usableByteCount(_ managedPageCount: UInt) -> UInt {
    guard case .device(let device) = wish else { return managedPageCount * page }
    let reserve = reserve(of: device).map { $0.ownerPageCount + $0.descriptorPageCount } ?? 0
    return (frames.pageCount - min(frames.pageCount, reserve)) * page
  }

  // MARK: What can be seen

  private static func descriptors(
    _ census: MappingCensus, _ twin: Twin
  ) -> MemoryPlanReport.Descriptors {
    let format = twin.subsystem.format
    let inLeaves = census.hugeLeafCount * (format.pmdByteCount >> format.pageSize.shift)
    let pages = inLeaves + census.entryCount
    let shared = census.sharedFrames.reduce(0) { $0 + $1.mappingCount * $1.frameCount }
    return MemoryPlanReport.Descriptors(
      mappedPages: pages, privatePages: pages - shared, sharedPages: shared,
      sharedFrames: census.sharedFrames.reduce(0) { $0 + $1.frameCount },
      frames: pages - census.savedPageCount,
      hugeLeaves: census.hugeLeafCount, readOnlyPages: census.readOnlyEntryCount,
      entryTables: census.entryTableCount)
  }

  private func places(of holders: [FrameRange]) -> [MemoryPlanReport.Place] {
    var places: [MemoryPlanReport.Place] = []
    var last: [Int: UInt] = [:]
    for run in holders {
      for part in blockParts(of: run) {
        let isOwn = frames.contains(part.lowerBound)
        let address = twin.subsystem.format.pageSize.address(of: part.lowerBound)
        let node = isOwn ? nil : twin.subsystem.nodeOfMemory(at: address).index
        let index =
          places.firstIndex { $0.node == node }
          ?? {
            places.append(.init(kind: isOwn ? "itself" : "node", node: node, bytes: 0, blocks: 0))
            return places.count - 1
          }()
        places[index].bytes += part.pageCount * page
        let block = address.rawValue / blockByteCount
        if last[index] != block { places[index].blocks += 1 }
        last[index] = block
      }
    }
    return places.sorted { $0.bytes > $1.bytes }
  }

  /// The parts of a run that lie in one block each.
  private func blockParts(of run: FrameRange) -> [FrameRange] {
    let block = blockByteCount / page
    var parts: [FrameRange] = []
    var start = run.lowerBound.rawValue
    while start < run.upperBound.rawValue {
      let end = min((start / block + 1) * block, run.upperBound.rawValue)
      parts.append(PageFrameNumber(start)..<PageFrameNumber(end))
      start = end
    }
    return parts
  }

  // MARK: Blocks

  /// The blocks of the memory that was added.
  var ownBlocks: [UInt] {
    twin.subsystem.memoryBlocks.filter { frames.contains($0.frames.lowerBound) }.map(\.number)
  }

  /// The blocks of other memory that hold descriptors of it.
  var holdingBlocks: [UInt] {
    var numbers: [UInt] = []
    for run in twin.subsystem.descriptorFrames(of: frames) {
      for part in blockParts(of: run) where !frames.contains(part.lowerBound) {
        let number = part.lowerBound.rawValue / (blockByteCount / page)
        if numbers.last != number { numbers.append(number) }
      }
    }
    return numbers
  }

  /// The zone that the first block goes to if nobody says which.
  private var defaultZone: String? {
    guard let number = ownBlocks.first,
      let text = try? twin.tree.read(Array("\(Self.path(of: number))/valid_zones".utf8)[...])
    else { return nil }
    let words = String(decoding: text, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    return words.first.map(String.init)
  }

  private func bringOnline(_ type: String) {
    for number in ownBlocks { try? twin.write(type, to: "\(Self.path(of: number))/state") }
  }

  /// Whether some of the memory's descriptors lie on the memory itself.
  var isSelfHosted: Bool {
    twin.subsystem.descriptorFrames(of: frames).contains { frames.contains($0.lowerBound) }
  }

  static func path(of block: UInt) -> String { "/sys/devices/system/memory/memory\(block)" }
}
