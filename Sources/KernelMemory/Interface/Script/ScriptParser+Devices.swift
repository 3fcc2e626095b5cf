// SPDX-License-Identifier: Apache-2.0

// `#@ dax-device ADDRESS [align=2M] [map=mem|dev]`, `#@ pagemap NAME TYPE START SIZE …`, ….

extension ScriptParser {
  /// The command that a directive about memory of devices asks for; nil if it is about others.
  static func deviceCommand(
    _ name: ArraySlice<UInt8>, _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptCommand? {
    if name.isWord("dax-device") { return .daxDevice(try daxDevice(&rest)) }
    if name.isWord("pagemap") { return .mapDevice(try pagemap(&rest)) }
    if name.isWord("unmap-pagemap") {
      guard let name = rest.popWord() else { throw .missingArgument }
      return .unmapDevice(Array(name))
    }
    if name.isWord("use-device-page") { return .useDevicePage(try address(&rest)) }
    if name.isWord("release-device-page") { return .releaseDevicePage(try address(&rest)) }
    return name.isWord("load-drivers") ? .loadDrivers : nil
  }

  private static func daxDevice(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> DAXDeviceRequest {
    var request = DAXDeviceRequest(
      address: try address(&rest), alignment: 2 << 20, describesItself: false)
    while let word = rest.popWord() {
      let (property, value) = try assignment(word)
      if property.isWord("align") {
        request.alignment = try size(value)
      } else if property.isWord("map") {
        guard value.isWord("mem") || value.isWord("dev") else { throw .unexpectedArgument }
        request.describesItself = value.isWord("dev")
      } else {
        throw .unexpectedArgument
      }
    }
    return request
  }

  private static func pagemap(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> DeviceMapRequest {
    guard let name = rest.popWord(), let typeName = rest.popWord() else { throw .missingArgument }
    guard let type = DeviceMemoryType(named: typeName) else { throw .unexpectedArgument }
    let start = try address(&rest)
    guard let length = rest.popWord() else { throw .missingArgument }
    var request = DeviceMapRequest(
      name: Array(name), type: type, start: start, byteCount: try size(length), pageByteCount: 0,
      altmapByteCount: 0)
    while let word = rest.popWord() {
      let (property, value) = try assignment(word)
      if property.isWord("page") {
        request.pageByteCount = try size(value)
        guard request.pageByteCount.nonzeroBitCount == 1 else { throw .badSize }
      } else if property.isWord("altmap") {
        request.altmapByteCount = try size(value)
      } else {
        throw .unexpectedArgument
      }
    }
    guard !request.start.addingReportingOverflow(request.byteCount).overflow else {
      throw .badSize
    }
    return request
  }

  /// Reads an address such as `4G` or `0x100000000`.
  static func address(_ rest: inout ArraySlice<UInt8>) throws(ScriptProblem) -> UInt {
    guard let word = rest.popWord() else { throw .missingArgument }
    let address = Parsing.memorySize(word)
    guard address.isWholeText, !address.overflowed else { throw .badNumber }
    return address.byteCount
  }

  /// Reads `PROPERTY=VALUE`.
  private static func assignment(
    _ word: ArraySlice<UInt8>
  ) throws(ScriptProblem) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    guard let sign = word.firstIndex(of: ASCII.equalsSign) else { throw .unexpectedArgument }
    return (word[..<sign], word[(sign + 1)...])
  }
}
