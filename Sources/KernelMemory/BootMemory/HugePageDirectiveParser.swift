// SPDX-License-Identifier: Apache-2.0

/// Reads huge page parameters one after the other.
///
/// A count belongs to the size named last. A count before any size is kept apart, as *implicit*, until
/// it is known which size is the default. A size that was refused makes the next count be refused too.
///
/// - Linux: `hugepagesz_setup()`, `hugepages_setup()`, `default_hugepagesz_setup()`, `hugetlb_init()`.
struct HugePageDirectiveParser {
  /// What a count is for.
  private enum Target: Equatable {
    case implicitDefault
    case size(Int)
  }

  private let platform: HugePagePlatform
  private let rules: BootParameterRules
  /// The sizes named so far, in their order; at the end all sizes.
  private(set) var sizes: [HugePageRequest] = []
  /// What was set aside so far; at the end all that will be.
  private(set) var giganticRequests: [HugePageRequest] = []
  private(set) var log: [[UInt8]] = []
  /// The count given before any size.
  private var implicit: HugePageRequest
  /// What the next count is for.
  private var target = Target.implicitDefault
  /// What the last count was for.
  private var lastTarget: Target?
  /// Whether a count may follow.
  private var isSizeValid = true
  /// The place in ``sizes`` of the size that `default_hugepagesz=` named.
  private var namedDefault: Int?

  init(platform: HugePagePlatform, rules: BootParameterRules) {
    self.platform = platform
    self.rules = rules
    implicit = HugePageRequest(byteCount: platform.defaultByteCount)
  }

  /// The default size in bytes.
  var defaultByteCount: UInt {
    namedDefault.map { sizes[$0].byteCount } ?? platform.defaultByteCount
  }

  /// Reads one parameter.
  mutating func apply(_ directive: HugePageDirective) {
    let text = directive.text
    if !platform.hasHugePages, rules.hugePageParsing != .immediate {
      warn("hugepages unsupported, ignoring ", directive.kind.name, text, " cmdline")
      return
    }
    switch directive.kind {
    case .size: applySize(text)
    case .defaultSize: applyDefaultSize(text)
    case .count: applyCount(text)
    }
  }

  private mutating func applySize(_ text: ArraySlice<UInt8>) {
    isSizeValid = false
    let byteCount = Parsing.memorySize(text).byteCount
    guard isSupported(byteCount) else {
      warn("unsupported hugepagesz=", text)
      return
    }
    if let index = index(of: byteCount) {
      // The default size may be named once more, to be given its count.
      guard index == namedDefault, sizes[index].count == 0 else {
        warn("hugepagesz=", text, " specified twice, ignoring")
        return
      }
      target = .size(index)
    } else {
      register(byteCount)
    }
    isSizeValid = true
  }

  private mutating func applyDefaultSize(_ text: ArraySlice<UInt8>) {
    isSizeValid = false
    guard namedDefault == nil else {
      warn("default_hugepagesz previously specified, ignoring ", text)
      return
    }
    let byteCount = Parsing.memorySize(text).byteCount
    guard isSupported(byteCount) else {
      warn("unsupported default_hugepagesz=", text)
      return
    }
    // A size named before keeps its place: the next count is still for the one named last.
    if index(of: byteCount) == nil { register(byteCount) }
    namedDefault = index(of: byteCount)
    isSizeValid = true
    guard let namedDefault, implicit.count > 0 else { return }
    sizes[namedDefault].count = implicit.count
    sizes[namedDefault].nodeCounts = implicit.nodeCounts
    implicit.clear()
    setAside(sizes[namedDefault])
  }

  private mutating func applyCount(_ text: ArraySlice<UInt8>) {
    guard isSizeValid else {
      warn("hugepages=", text, " does not follow a valid hugepagesz, ignoring")
      isSizeValid = true
      return
    }
    guard target != lastTarget else {
      warn(
        "hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=", text)
      return
    }
    guard rules.readsNodeLists ? readCounts(text) : readCount(text) else { return }
    lastTarget = target
    if case .size(let index) = target { setAside(sizes[index]) }
  }

  /// Sets gigantic pages aside where that happens at once.
  private mutating func setAside(_ request: HugePageRequest) {
    guard rules.hugePageParsing == .immediate, isGigantic(request) else { return }
    giganticRequests.append(request)
  }

  private func isGigantic(_ request: HugePageRequest) -> Bool {
    platform.isGigantic(request.byteCount)
  }

  /// Reads `N` into the target; what is no number is 0.
  private mutating func readCount(_ text: ArraySlice<UInt8>) -> Bool {
    targetRequest.count = Parsing.leadingDecimal(text)?.value ?? 0
    return true
  }

  /// Reads `N` or `NODE:N,…` into the target; tells whether the parameter was taken.
  ///
  /// A number replaces the total only; nodes that an earlier list named keep deciding.
  private mutating func readCounts(_ text: ArraySlice<UInt8>) -> Bool {
    var request = targetRequest
    var rest = text
    while !rest.isEmpty {
      guard let number = Parsing.leadingDecimal(rest) else { return refuseCounts(rest) }
      let afterNumber = rest.dropFirst(number.byteCount)
      guard afterNumber.first == ASCII.colon else {
        guard rest.startIndex == text.startIndex else { return refuseCounts(rest) }
        request.count = number.value
        break
      }
      guard platform.nodeLists == .supported else {
        warn("architecture can't support node specific alloc, ignoring!")
        return false
      }
      guard let node = onlineNode(number.value) else { return refuseCounts(rest) }
      rest = afterNumber.dropFirst()
      guard let count = Parsing.leadingDecimal(rest) else { return refuseCounts(rest) }
      request.add(count.value, on: node)
      rest = rest.dropFirst(count.byteCount)
      guard rest.first == ASCII.comma else { break }
      rest = rest.dropFirst()
    }
    targetRequest = request
    return true
  }

  /// Complains about `rest` and forgets every count of the target, old ones too.
  private mutating func refuseCounts(_ rest: ArraySlice<UInt8>) -> Bool {
    warn("Invalid hugepages parameter ", rest)
    targetRequest.clear()
    return false
  }

  /// Completes the sizes and settles the default.
  mutating func finish() {
    guard platform.hasHugePages else {
      if implicit.count > 0 {
        warn("huge pages not supported, ignoring associated command-line parameters")
      }
      return
    }
    for byteCount in platform.supportedByteCounts.sorted(by: >) where index(of: byteCount) == nil {
      sizes.append(HugePageRequest(byteCount: byteCount))
    }
    settleDefault()
    if rules.hugePageParsing != .immediate { giganticRequests = sizes.filter(isGigantic) }
  }

  /// Gives a count without size to the default size, if no parameter named one.
  private mutating func settleDefault() {
    guard namedDefault == nil, implicit.count > 0,
      let index = index(of: platform.defaultByteCount)
    else { return }
    if sizes[index].count > 0 { logReplacement(of: sizes[index]) }
    sizes[index].count = implicit.count
    sizes[index].nodeCounts = implicit.nodeCounts
  }
}

extension HugePageDirectiveParser {
  private var targetRequest: HugePageRequest {
    get {
      switch target {
      case .implicitDefault: implicit
      case .size(let index): sizes[index]
      }
    }
    set {
      switch target {
      case .implicitDefault: implicit = newValue
      case .size(let index): sizes[index] = newValue
      }
    }
  }

  private func isSupported(_ byteCount: UInt) -> Bool {
    platform.supportedByteCounts.contains(byteCount)
  }

  private func index(of byteCount: UInt) -> Int? {
    sizes.firstIndex { $0.byteCount == byteCount }
  }

  private func onlineNode(_ number: UInt) -> NodeID? {
    platform.onlineNodes.first { UInt($0.rawValue) == number }
  }

  private mutating func register(_ byteCount: UInt) {
    target = .size(sizes.count)
    sizes.append(HugePageRequest(byteCount: byteCount))
  }

  /// Logs that the implicit count replaces the one given with its size.
  private mutating func logReplacement(of request: HugePageRequest) {
    var line = TextSink()
    line.append("HugeTLB: Ignoring hugepages=")
    line.appendDecimal(request.count)
    line.append(" associated with ")
    line.appendBinarySize(request.byteCount)
    line.append(" page size")
    log.append(line.bytes)
    line = TextSink()
    line.append("HugeTLB: Using hugepages=")
    line.appendDecimal(implicit.count)
    line.append(" for number of default huge pages")
    log.append(line.bytes)
  }

  private mutating func warn(
    _ start: StaticString, _ text: ArraySlice<UInt8> = [], _ end: StaticString = ""
  ) {
    warn(start, "", text, end)
  }

  private mutating func warn(
    _ start: StaticString, _ name: StaticString, _ text: ArraySlice<UInt8>, _ end: StaticString
  ) {
    var line = TextSink()
    line.append("HugeTLB: ")
    line.append(start)
    line.append(name)
    line.append(text)
    line.append(end)
    log.append(line.bytes)
  }
}
