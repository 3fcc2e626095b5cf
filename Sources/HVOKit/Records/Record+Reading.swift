// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Record {
  /// The most bytes that a record file may have; real ones have some ten thousand.
  public static let byteLimit = 64 << 20

  /// Reads the record in the file at `path`.
  ///
  /// - Throws: ``RecordError``, which names the file and, within it, the step and the field.
  public init(contentsOf path: String) throws(RecordError) {
    let bytes: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      bytes = try handle.read(upToCount: Self.byteLimit + 1) ?? Data()
    } catch {
      throw .unreadable(file: path, reason: Self.reason(whyUnreadable: path, error))
    }
    try self.init(bytes, file: path)
  }

  /// Why the file at `path` cannot be read, in words.
  private static func reason(whyUnreadable path: String, _ error: any Error) -> String {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
      return "no such file"
    }
    if attributes[.type] as? FileAttributeType == .typeDirectory { return "a directory" }
    return (error as NSError).localizedFailureReason ?? "you may lack the right to"
  }

  /// Reads the record in `text`, JSON that stands in `file`.
  public init(parsing text: String, file: String) throws(RecordError) {
    try self.init(Data(text.utf8), file: file)
  }

  private init(_ bytes: Data, file: String) throws(RecordError) {
    guard bytes.count <= Self.byteLimit else {
      throw .tooLarge(file: file, byteCount: bytes.count, limit: Self.byteLimit)
    }
    let document: RecordJSON
    do {
      document = try JSONDecoder().decode(RecordJSON.self, from: bytes)
    } catch {
      throw .notJSON(file: file, reason: Self.reason(of: error))
    }
    try self.init(RecordField(file: file, place: "", value: document))
  }

  /// The part of a decoder's error that says what is wrong with the text.
  private static func reason(of error: any Error) -> String {
    guard case DecodingError.dataCorrupted(let context) = error else { return "\(error)" }
    guard let cause = context.underlyingError as? NSError,
      let detail = cause.userInfo[NSDebugDescriptionErrorKey] as? String
    else { return context.debugDescription }
    return detail
  }
}

extension Record {
  init(_ document: RecordField) throws(RecordError) {
    guard case .object = document.value else {
      throw .malformed(
        file: document.file, place: "the document", expected: "an object",
        found: document.value?.summary ?? "nothing")
    }
    name = try document.member("name").string()
    let version = try document.member("kernel")
    guard let kernel = RecordedKernel(rawValue: try version.string()) else {
      let known = RecordedKernel.allCases.map { "\"\($0.rawValue)\"" }
      throw version.malformed(expected: "one of \(known.joined(separator: ", "))")
    }
    self.kernel = kernel
    about = try document.optional("about")?.string() ?? ""
    machine = try RecordedMachine(try document.member("machine"))
    boot = try Observation(try document.member("boot"))
    steps = []
    for step in try document.member("steps").elements() {
      steps.append(try RecordStep(step))
    }
    leaveOutFreeMemoryOfDeviceUsers()
    endsEarly = try document.optional("ends_early")?.string()
  }
}

extension Record {
  /// Forgets how much memory was free while a process had mapped a device.
  ///
  /// No action tells of the mapping, only `unmap_all` of its end. Page by page, the process's own
  /// tables and what the kernel keeps at hand for them take from 46 to 562 pages, without a pattern.
  private mutating func leaveOutFreeMemoryOfDeviceUsers() {
    for index in steps.indices.dropLast() where steps[index].actions.isEmpty {
      let isEnd = steps[index + 1].actions.contains { $0.action == .unmapAll }
      let hasMapped = steps[...index].contains { step in
        step.actions.contains { recorded in
          if case .mapHuge = recorded.action { true } else { recorded.action == .consumeMemory }
        }
      }
      if isEnd, !hasMapped { steps[index].after?.freePages = nil }
    }
  }
}

extension RecordStep {
  fileprivate init(_ unnamed: RecordField) throws(RecordError) {
    name = try unnamed.member("name").string()
    let field = unnamed.labelled(name)
    actions = []
    for action in try field.member("do").elements() {
      actions.append(try RecordedAction(action))
    }
    // What drivers do by themselves nobody has asked for, so no action says it.
    if name == RecordStep.moduleStep {
      actions.insert(RecordedAction(.loadDrivers, expecting: .unknown), at: 0)
    }
    if let after = try field.optional("after") { self.after = try Observation(after) }
    memTotalIsExact = try field.optional("memtotal_exact")?.bool() ?? true
    // Far more pages than any slack, few enough that the tolerances cannot overflow.
    poolSlack = try field.optional("pool_slack")?.integer(in: 0...(1 << 24))
  }
}
