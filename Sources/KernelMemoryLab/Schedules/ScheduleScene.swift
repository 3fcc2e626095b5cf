// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) @_spi(Lab) import KernelMemory

/// A small machine that was just booted, with what scheduled operations need: a pool of two pages,
/// batches in hand, a page of a larger size.
///
/// It is touched by one thread at a time.
final class ScheduleScene: @unchecked Sendable {
  /// The pages in the pool at the beginning.
  static let pageCount: UInt = 2
  /// The memory of the machine when it boots.
  ///
  /// - Unit: bytes.
  private static let memory: UInt = 64 << 20
  /// A block that is added for operations that take it away again. Its memory is movable, so the
  /// pool's pages lie in it.
  private static let added = PhysicalAddress(128 << 20)..<PhysicalAddress(256 << 20)
  /// The number of that block.
  let block: UInt = 1

  let subsystem: MemorySubsystem
  private let machine: HostedMachine
  /// The order of the pool's pages.
  let order = PageOrder(9)
  /// The order of pages that can be split into those of the pool.
  let largeOrder = PageOrder(10)
  /// By CPU.
  private var batches: [FolioBatch?]
  /// A frame of a page of the pool, whose descriptor is folded away.
  private(set) var target = PageFrameNumber(0)
  /// Frames that readers look at.
  private(set) var watched: [PageFrameNumber] = []
  /// Base pages in use, of a block that is free otherwise.
  private var baseFrames: FrameRange?
  private var findings: [String] = []
  private var strayPageCount = 0

  /// Boots `kernel` and prepares for `operations`, one for each CPU.
  init(
    _ kernel: KernelDesign, _ format: PagingFormat, for operations: [ScheduledOperation],
    _ failedExchange: FailedExchange
  ) throws {
    let end = PhysicalAddress(Self.memory)
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(0)..<PhysicalAddress(0x9_FC00), .usable),
      MemoryMapEntry(PhysicalAddress(1 << 20)..<end, .usable),
    ])
    let format = format.withHugePages(of: [order, largeOrder])
    machine = try HostedMachine(
      span: Self.added.upperBound.rawValue, regime: format.regime,
      cpuCount: operations.count,
      threading: .scheduled, failedExchange: failedExchange)
    subsystem = try MemorySubsystem(
      BootConfiguration(
        kernel: kernel, format: format, memoryMap: map,
        commandLine: Array("hugetlb_free_vmemmap=on".utf8)),
      on: machine)
    batches = operations.map { _ in nil }
    try prepare(for: operations)
    strayPageCount = strayPageCountNow
  }

  private func prepare(for operations: [ScheduledOperation]) throws {
    if operations.contains(.offline) {
      try subsystem.addMemory(Self.added, to: NodeID(0))
      _ = subsystem.onlineAddedBlocks()
    }
    if operations.contains(.recycle) { holdBasePages() }
    // Where all do nothing but fold, the leaves of the descriptors are whole: nothing was folded yet.
    if operations.contains(where: { $0 != .optimize }) {
      _ = subsystem.resizePool(of: order, to: Self.pageCount)
    }
    if operations.contains(.demote) { _ = subsystem.resizePool(of: largeOrder, to: 1) }
    for (cpu, operation) in operations.enumerated()
    where operation == .optimize || operation == .restore {
      batches[cpu] = subsystem.prepareFolios(2, of: order)
      guard operation == .restore, let batch = batches[cpu] else { continue }
      subsystem.optimizeCompletely(batch)
    }
    if operations.contains(.area) { leaveEmptyTable() }
    chooseFrames()
  }

  /// Chooses what is struck and what is looked at.
  private func chooseFrames() {
    let pages = subsystem.freeHugePages(of: order.pageCount << 12)
    target = (pages.first?.lowerBound ?? target).advanced(by: 300)
    let large = subsystem.freeHugePages(of: largeOrder.pageCount << 12)
    let heads = pages.prefix(1) + large + folios.prefix(1).map(\.frames)
    // A head, a tail beside it, and a tail in a vmemmap page that is folded away.
    watched += heads.flatMap { page in [0, 1, 300].map { page.lowerBound.advanced(by: $0) } }
  }

  /// What is in the hands of CPUs.
  private var folios: [Folio] { batches.flatMap { $0.map(subsystem.folios) ?? [] } }

  /// Base pages of which nobody can say who has them.
  private var strayPageCountNow: Int {
    subsystem.strayPageCount(holding: folios) - Int(baseFrames?.pageCount ?? 0)
  }

  // MARK: What operations do

  func updateBatch(of cpu: Int, _ body: (inout FolioBatch) -> Void) {
    guard var batch = batches[cpu] else { return }
    body(&batch)
    batches[cpu] = batch
  }

  func mapAndTouch() {
    let process = SimulatedProcess(of: subsystem)
    guard
      let mapping = try? process.mapHugePages(1, of: order.pageCount << 12, .reserved)
    else { return }
    // Without a page there is a signal, and the process ends.
    try? process.touch(mapping)
    process.exit()
  }

  /// Uses a few base pages of a block that, when they are free, is the next that the pool gets.
  private func holdBasePages() {
    guard let block = subsystem.prepareFolios(1, of: order),
      let start = subsystem.folios(of: block).first?.head
    else { return }
    subsystem.release(block)
    let frames = start.advanced(by: 300)..<start.advanced(by: 304)
    guard subsystem.holdFrames(frames) else { return }
    baseFrames = frames
    watched.append(frames.lowerBound)
  }

  func giveBasePagesBack() {
    guard let frames = baseFrames else { return }
    baseFrames = nil
    subsystem.letGo(of: frames)
  }

  /// The first addresses for areas.
  var areaAddresses: Range<VirtualAddress> {
    let start = subsystem.format.vmallocRange.lowerBound
    return start..<start.advanced(byBytes: 8 << 20)
  }

  /// Leaves tables without entries at the first addresses for areas.
  private func leaveEmptyTable() {
    let area = try? subsystem.allocateVmallocArea(VmallocRequest(byteCount: 4096))
    if let area { try? subsystem.freeVmallocArea(at: area.lowerBound) }
    subsystem.purgeAreas()
  }

  func mapArea() {
    // Too little memory is an answer like another.
    _ = try? subsystem.allocateVmallocArea(
      VmallocRequest(byteCount: 2 << 20, mapping: .largestThatFits))
  }

  func noteTables(_ strays: [PageFrameNumber]) {
    findings += strays.map { "an entry led to frame \($0.rawValue), which is no table any more" }
  }

  func note(_ reading: SpeculativeReading) {
    guard case .strayTail(let pfn, let head) = reading else { return }
    findings.append(
      "the descriptor of frame \(pfn.rawValue) says that its head is \(head.rawValue)")
  }

  // MARK: Afterwards

  /// What is wrong now that nobody is at work.
  func verdict() -> [String] {
    var found = findings
    found += subsystem.checkInvariants(holding: folios).prefix(8).map(Self.text)
    let stray = strayPageCountNow
    if stray != strayPageCount { found.append("\(stray - strayPageCount) base pages were lost") }
    return found
  }

  private static func text(_ violation: InvariantViolation) -> String {
    var sink = TextSink()
    violation.describe(to: &sink)
    return String(decoding: sink.bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  deinit {
    for batch in batches { if let batch { subsystem.release(batch) } }
  }
}
