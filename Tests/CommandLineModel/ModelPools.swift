// SPDX-License-Identifier: Apache-2.0

/// Reads the parameters of the pools by looking back, for each of them, at what became of all the
/// earlier ones.
struct ModelPools {
  typealias Pool = CommandLineMeaning.Pool

  let series: ModelSeries
  let machine: ModelMachine

  /// What became of a parameter.
  private enum Outcome: Equatable {
    /// A size was registered, or chosen once more.
    case chosen(UInt)
    /// A size became the default, which had been registered before.
    case madeDefault(UInt)
    /// A size was refused.
    case badSize
    /// A count was refused because the size before it was.
    case countWithoutSize
    /// A count was taken for a size, or for whatever the default may be.
    case counted(UInt?)
    /// Something else was wrong.
    case badCount
  }

  private var history: [Outcome] = []
  private(set) var pools: [Pool] = []
  private(set) var gigantic: [Pool] = []
  private(set) var log: [[UInt8]] = []
  /// What was asked for before any size.
  private var early = Pool(byteCount: 0)
  private var chosenDefault: UInt?

  init(_ series: ModelSeries, _ machine: ModelMachine) {
    self.series = series
    self.machine = machine
  }

  var defaultByteCount: UInt { chosenDefault ?? machine.defaultSize }

  private var setsAsideAtOnce: Bool { series.year < .of7_2 }

  mutating func read(_ word: ModelWord, _ value: [UInt8]) {
    if machine.sizes.isEmpty, series.year >= .of7_2 {
      let name = word.key == "default-hugepagesz" ? "default_hugepagesz" : word.key
      return say("hugepages unsupported, ignoring \(name)=", value, " cmdline")
    }
    switch word.key {
    case "hugepagesz": history.append(size(value))
    case "default-hugepagesz": history.append(defaultSize(value))
    default: history.append(count(value))
    }
  }

  // MARK: Sizes

  private mutating func size(_ value: [UInt8]) -> Outcome {
    let size = ModelText.size(value).value
    guard machine.sizes.contains(size) else {
      say("unsupported hugepagesz=", value)
      return .badSize
    }
    if let pool = pools.first(where: { $0.byteCount == size }) {
      guard chosenDefault == size, pool.total == 0 else {
        say("hugepagesz=", value, " specified twice, ignoring")
        return .badSize
      }
    } else {
      pools.append(Pool(byteCount: size))
    }
    return .chosen(size)
  }

  private mutating func defaultSize(_ value: [UInt8]) -> Outcome {
    guard chosenDefault == nil else {
      say("default_hugepagesz previously specified, ignoring ", value)
      return .badSize
    }
    let size = ModelText.size(value).value
    guard machine.sizes.contains(size) else {
      say("unsupported default_hugepagesz=", value)
      return .badSize
    }
    let isKnown = pools.contains { $0.byteCount == size }
    if !isKnown { pools.append(Pool(byteCount: size)) }
    chosenDefault = size
    if early.total > 0 {
      replace(size, with: early)
      setAside(size)
      early.total = 0
    }
    return isKnown ? .madeDefault(size) : .chosen(size)
  }

  // MARK: Counts

  /// The size that a count is for, or `nil` if none was chosen.
  private var target: UInt? {
    for outcome in history.reversed() { if case .chosen(let size) = outcome { return size } }
    return nil
  }

  private var followsBadSize: Bool {
    let last = history.last {
      switch $0 {
      case .chosen, .madeDefault, .badSize, .countWithoutSize: true
      case .counted, .badCount: false
      }
    }
    return last == .badSize
  }

  private var repeatsCount: Bool {
    for outcome in history.reversed() {
      if case .counted(let size) = outcome { return size == target }
    }
    return false
  }

  private mutating func count(_ value: [UInt8]) -> Outcome {
    if followsBadSize {
      say("hugepages=", value, " does not follow a valid hugepagesz, ignoring")
      return .countWithoutSize
    }
    if repeatsCount {
      say("hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=", value)
      return .badCount
    }
    switch counts(in: value) {
    case .failure(let junk):
      say("Invalid hugepages parameter ", junk.text)
      change(target) { $0 = Pool(byteCount: $0.byteCount) }
      return .badCount
    case .success(let entries):
      for entry in entries {
        change(target) { pool in
          guard let node = entry.node else {
            pool.total = entry.count
            return
          }
          pool.total = pool.total &+ entry.count
          let kept = entry.count % (1 << 32)
          pool.nodes[node] = kept == 0 ? nil : kept
        }
      }
      if let target { setAside(target) }
      return .counted(target)
    }
  }

  private struct Entry {
    var node: UInt?
    var count: UInt
  }

  /// Where a list cannot be read.
  private struct Junk: Error {
    var text: [UInt8]
  }

  /// `N`, or `NODE:N` separated by commas; what follows a whole entry is ignored unless it is a
  /// comma.
  private func counts(in value: [UInt8]) -> Result<[Entry], Junk> {
    if series.year == .of5_14 {
      return .success([Entry(count: ModelText.decimal(value)?.value ?? 0)])
    }
    var entries: [Entry] = []
    var text = value
    while !text.isEmpty {
      guard let first = ModelText.decimal(text) else { return .failure(Junk(text: text)) }
      guard first.rest.first == 58 else {
        return entries.isEmpty
          ? .success([Entry(count: first.value)]) : .failure(Junk(text: text))
      }
      guard machine.nodes.contains(first.value) else { return .failure(Junk(text: text)) }
      text = Array(first.rest.dropFirst())
      guard let second = ModelText.decimal(text) else { return .failure(Junk(text: text)) }
      entries.append(Entry(node: first.value, count: second.value))
      guard second.rest.first == 44 else { break }
      text = Array(second.rest.dropFirst())
    }
    return .success(entries)
  }

  // MARK: The end

  /// Adds the sizes that nobody named and gives the default size what was asked for early.
  mutating func finish() {
    guard !machine.sizes.isEmpty else {
      if early.total > 0 {
        say("huge pages not supported, ignoring associated command-line parameters")
      }
      return
    }
    for size in machine.sizes.sorted().reversed()
    where !pools.contains(where: { $0.byteCount == size }) {
      pools.append(Pool(byteCount: size))
    }
    if chosenDefault == nil, early.total > 0 {
      let explicit = pools.first { $0.byteCount == defaultByteCount }?.total ?? 0
      if explicit > 0 {
        say("Ignoring hugepages=\(explicit) associated with 2.00 MiB page size")
        say("Using hugepages=\(early.total) for number of default huge pages")
      }
      replace(defaultByteCount, with: early)
    }
    if !setsAsideAtOnce { gigantic = pools.filter(isGigantic) }
  }

  // MARK: Bookkeeping

  private func isGigantic(_ pool: Pool) -> Bool { pool.byteCount > machine.largestListed }

  private mutating func change(_ size: UInt?, _ body: (inout Pool) -> Void) {
    guard let size else { return body(&early) }
    for index in pools.indices where pools[index].byteCount == size { body(&pools[index]) }
  }

  private mutating func replace(_ size: UInt, with wanted: Pool) {
    change(size) {
      $0.total = wanted.total
      $0.nodes = wanted.nodes
    }
  }

  private mutating func setAside(_ size: UInt) {
    guard setsAsideAtOnce else { return }
    gigantic += pools.filter { $0.byteCount == size && isGigantic($0) }
  }

  private mutating func say(_ start: String, _ text: [UInt8] = [], _ end: String = "") {
    log.append(ModelText.bytes("HugeTLB: " + start) + text + ModelText.bytes(end))
  }
}
