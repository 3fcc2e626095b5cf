// SPDX-License-Identifier: Apache-2.0

extension RecordedAction {
  init(_ field: RecordField) throws(RecordError) {
    let members = try field.members()
    let verbs = RecordVerb.allCases.filter { members[$0.rawValue] != nil }
    guard verbs.count == 1, let verb = verbs.first else {
      let known = RecordVerb.allCases.map(\.rawValue).joined(separator: ", ")
      throw .malformed(
        file: field.file, place: field.place, expected: "one action of \(known)",
        found: members.keys.sorted().joined(separator: ", "))
    }
    self.init(
      try verb.action(field), expecting: try verb.expectation(field))
  }
}

/// The member of an action that names what is done.
private enum RecordVerb: String, CaseIterable {
  case write, read, vmalloc
  case mapHuge = "map_huge"
  case unmapAll = "unmap_all"
  case consumeMemory = "consume_memory"
  case addMemory = "add_memory"
  case removeMemory = "remove_memory"
  case everyOfflineBlock = "every_offline_block"
  case everyBlockFrom = "every_block_from"
  case daxCreate = "dax_create"
  case daxDestroy = "dax_destroy"
  case kmemBind = "kmem_bind"
  case kmemUnbind = "kmem_unbind"
  case pmemUnbind = "pmem_unbind"

  func action(_ field: RecordField) throws(RecordError) -> RecordAction {
    let object = try field.member(rawValue)
    switch self {
    case .write: return try writeAction(field)
    case .read: return .read(path: try object.string())
    case .vmalloc: return try vmallocAction(field)
    case .mapHuge: return try mapAction(field)
    case .unmapAll: return .unmapAll
    case .consumeMemory: return .consumeMemory
    case .addMemory: return try addAction(field)
    case .removeMemory: return .removeMemory(id: try object.string())
    case .everyOfflineBlock: return .everyOfflineBlock(value: try object.string())
    case .everyBlockFrom:
      return .everyBlockFrom(
        first: try object.integer(), value: try field.member("value").string())
    case .daxCreate: return try daxAction(field)
    case .daxDestroy: return .daxDestroy(id: try object.string())
    case .kmemBind: return try kmemAction(field)
    case .kmemUnbind: return .kmemUnbind(id: try object.string())
    case .pmemUnbind: return .pmemUnbind(id: try object.string())
    }
  }

  func expectation(_ field: RecordField) throws(RecordError) -> ActionExpectation {
    if let errno = try field.optional("errno") { return .errno(try errno.string()) }
    if let fails = try field.optional("fails") { return .fails(try fails.bool()) }
    if let text = try field.optional("text") { return .text(try text.string()) }
    if let result = try field.optional("result") {
      let lines = try result.strings()
      // Where the recorder lost what the program printed, one empty line is left.
      return lines == [""] ? .unknown : .lines(lines)
    }
    if let failed = try field.optional("failed") { return .refused(try failed.strings()) }
    // A record only mentions a device's failure.
    return self == .daxCreate ? .fails(false) : .unknown
  }
}

// MARK: - Actions with details

/// The largest number of bytes that an action may ask for: a whole 52-bit address space.
private let byteRange = 0...(1 << 52)

private func writeAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  var condition = WriteCondition.ordinary
  if let under = try field.optional("under") { condition = try under.word(WriteCondition.self) }
  return .write(
    path: try field.member("write").string(), value: try field.member("value").string(),
    condition: condition)
}

private func mapAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  .mapHuge(
    count: try field.member("map_huge").integer(),
    pageBytes: try field.member("page_bytes").integer(in: byteRange),
    how: try field.member("how").word(MappingManner.self))
}

private func addAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  .addMemory(
    id: try field.member("add_memory").string(), start: try field.member("start").address(),
    byteCount: try field.member("bytes").integer(in: byteRange),
    node: try field.member("node").integer(in: 0...1023))
}

private func daxAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  .daxCreate(
    id: try field.member("dax_create").string(),
    DAXLayout(
      alignment: try field.member("align").integer(in: byteRange),
      memmapPlace: try field.member("map").word(DAXLayout.MemmapPlace.self),
      dataStart: try field.member("data_start").address(),
      dataByteCount: try field.member("data_bytes").integer(in: byteRange)))
}

private func kmemAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  let hosts = try field.optional("memmap_on_memory")?.integer(in: 0...1) ?? 0
  return .kmemBind(
    id: try field.member("kmem_bind").string(),
    node: try field.member("target_node").integer(in: 0...1023), hostsItsOwnMemmap: hosts == 1)
}

private func vmallocAction(_ field: RecordField) throws(RecordError) -> RecordAction {
  let node = try field.member("node")
  let mapping: VmallocMapping =
    try field.member("allow_huge").bool() ? .hugeAllowed : .basePagesOnly
  return .vmalloc(
    byteCount: try field.member("vmalloc").integer(in: byteRange), mapping: mapping,
    node: node.value == .string("any") ? nil : try node.integer(in: 0...1023))
}

extension RecordField {
  /// One of the words of `Word`.
  fileprivate func word<Word: RawRepresentable>(
    _ type: Word.Type
  ) throws(RecordError) -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: try string()) else {
      throw malformed(expected: "a word that records use here")
    }
    return word
  }
}
