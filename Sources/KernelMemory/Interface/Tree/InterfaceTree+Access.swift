// SPDX-License-Identifier: Apache-2.0

// The four things that a process can do with a path.

extension InterfaceTree {
  /// Reads at most `count` bytes of a file from `offset` on; nothing at or behind its end.
  ///
  /// - Throws: ``InterfaceError``: those of the path walk, ``InterfaceError/isDirectory``,
  ///   ``InterfaceError/access`` for a file that can only be written.
  public func read(
    _ path: ArraySlice<UInt8>, at offset: UInt, count: UInt
  ) throws(InterfaceError) -> [UInt8] {
    let place = try walk(path)
    guard case .file(let file) = place.content else { throw .isDirectory }
    guard mode(of: file, place.arguments) & 0o400 != 0 else { throw .access }
    if case .frames(let file) = file {
      return try frameWords(file, at: offset, byteCount: count)
    }
    let text = text(of: file, place.arguments)
    guard offset < UInt(text.count) else { return [] }
    return Array(text[Int(offset)...].prefix(Int(min(count, UInt(text.count)))))
  }

  /// Reads a whole file.
  ///
  /// - Throws: as ``read(_:at:count:)``; ``InterfaceError/tooLarge`` if it has more than 64 MiB.
  public func read(_ path: ArraySlice<UInt8>) throws(InterfaceError) -> [UInt8] {
    let limit: UInt = 64 << 20
    let bytes = try read(path, at: 0, count: limit)
    if UInt(bytes.count) == limit, try !read(path, at: limit, count: 8).isEmpty { throw .tooLarge }
    return bytes
  }

  /// Writes `text` to a file, as one call of `write` does.
  ///
  /// - Returns: the bytes that were taken, which may be fewer than all: `4 5` to a number of
  ///   `/proc/sys` is taken up to the blank. The rest of such a text, written at its `offset`, is
  ///   ignored, as a kernel with strict writes does.
  /// - Throws: ``InterfaceError``; nothing was changed but for what a partial success leaves.
  @discardableResult
  public func write(
    _ text: ArraySlice<UInt8>, to path: ArraySlice<UInt8>, at offset: UInt = 0
  ) throws(InterfaceError) -> Int {
    let place = try walk(path)
    guard case .file(let file) = place.content else { throw .isDirectory }
    guard mode(of: file, place.arguments) & 0o200 != 0 else { throw .access }
    if text.isEmpty { return 0 }
    if case .sysctl(let file) = file {
      return offset > 0 ? text.count : try writeSysctl(text, to: file)
    }
    // One call to a file of /sys takes one page.
    let part = text.prefix(Int(bitPattern: pageSize.byteCount))
    try store(part, to: file, place.arguments)
    return part.count
  }

  /// Writes all of `text`, with as many calls as it takes.
  ///
  /// - Throws: as ``write(_:to:at:)``.
  public func writeAll(
    _ text: ArraySlice<UInt8>, to path: ArraySlice<UInt8>
  ) throws(InterfaceError) {
    var rest = text
    repeat {
      let taken = try write(rest, to: path, at: UInt(rest.startIndex - text.startIndex))
      if taken == 0 { break }
      rest = rest.dropFirst(taken)
    } while !rest.isEmpty
  }

  /// The names in a directory, as its plan orders them.
  ///
  /// - Throws: ``InterfaceError``: those of the path walk.
  public func entries(of path: ArraySlice<UInt8>) throws(InterfaceError) -> [[UInt8]] {
    let place = try walk(path)
    guard case .directory(let entries) = place.content else { throw .notDirectory }
    return entries.flatMap { entry -> [[UInt8]] in
      if case .file(let file) = entry.content, !isPresent(file, place.arguments) { return [] }
      return names(of: entry.name, place.arguments)
    }
  }

  /// What is at a path; a link at its end is not followed.
  ///
  /// - Throws: ``InterfaceError``: those of the path walk.
  public func attributes(of path: ArraySlice<UInt8>) throws(InterfaceError) -> FileAttributes {
    let place = try walk(path, lastLink: .kept)
    switch place.content {
    case .directory: return FileAttributes(kind: .directory, mode: 0o755, byteCount: 0)
    case .link: return FileAttributes(kind: .link, mode: 0o777, byteCount: 0)
    case .file(let file):
      return FileAttributes(
        kind: .file, mode: mode(of: file, place.arguments), byteCount: file.reportedByteCount)
    }
  }

  /// Where the link at a path leads, relative to the directory that it is in.
  ///
  /// - Throws: ``InterfaceError``: those of the path walk, ``InterfaceError/invalid`` if it is no
  ///   link.
  public func linkTarget(of path: ArraySlice<UInt8>) throws(InterfaceError) -> [UInt8] {
    let place = try walk(path, lastLink: .kept)
    guard case .link(let link) = place.content else { throw .invalid }
    return target(of: link, place.arguments)
  }
}

extension InterfaceTree {
  /// Who may open a file for what; a device that cannot be changed has fewer files to write.
  func mode(of file: InterfaceFile, _ arguments: PathArguments) -> UInt16 {
    switch file {
    case .dax(.size), .dax(.alignment): isFixed(arguments.daxDevice) ? 0o444 : file.mode
    default: file.mode
    }
  }

  /// The text of a file that can be read.
  private func text(of file: InterfaceFile, _ arguments: PathArguments) -> [UInt8] {
    var sink = TextSink()
    switch file {
    case .commandLine:
      sink.append(subsystem.commandLine)
      sink.newline()
    case .meminfo: appendMeminfo(to: &sink)
    case .vmstat: appendVmstat(to: &sink)
    case .vmallocinfo: appendVmallocinfo(to: &sink)
    case .zoneinfo: appendZoneinfo(to: &sink)
    case .buddyinfo: appendBuddyinfo(to: &sink)
    case .pagetypeinfo: appendPagetypeinfo(to: &sink)
    case .iomem: appendIomem(to: &sink)
    case .frames: break
    case .sysctl(let file): append(file, to: &sink)
    case .pool(let file): append(file, pool: arguments.pool, to: &sink)
    case .nodePool(let file):
      append(file, pool: arguments.pool, node: arguments.node, to: &sink)
    case .nodeList(let file): append(file, to: &sink)
    case .node(let file): append(file, node: arguments.node, to: &sink)
    case .cpuList: appendList((0..<UInt(subsystem.machine.cpuCount)).map { $0 }, to: &sink)
    case .blockSize, .blockDefault, .crashHotplug: appendBlocks(file, to: &sink)
    case .blockProbe: break
    case .block(let file): append(file, block: arguments.block, to: &sink)
    case .dax(let file): append(file, of: arguments.daxDevice, to: &sink)
    case .daxPart(let file):
      append(file, part: arguments.daxPart, of: arguments.daxDevice, to: &sink)
    case .daxRegion(let file): append(file, region: arguments.daxRegion, to: &sink)
    case .daxDriver: break
    case .hotplug(let file): append(file, to: &sink)
    }
    return sink.bytes
  }

  /// Hands a text to a file of `/sys` that can be written.
  private func store(
    _ text: ArraySlice<UInt8>, to file: InterfaceFile, _ arguments: PathArguments
  ) throws(InterfaceError) {
    switch file {
    case .pool(let file): try store(text, to: file, pool: arguments.pool, .allNodes)
    case .nodePool(let file):
      try store(text, to: file, pool: arguments.pool, .node(arguments.node))
    case .node(.compact): drainCPULists(ofNode: arguments.node)
    case .node(.reclaim): try reclaim(text)
    case .blockDefault: try storeBlockDefault(text)
    case .blockProbe: try probeBlock(text)
    case .block(let file): try store(text, to: file, block: arguments.block)
    case .dax(let file): try store(text, to: file, of: arguments.daxDevice)
    case .daxRegion(let file): try store(text, to: file, region: arguments.daxRegion)
    case .daxDriver(let driver, let file): try store(text, to: file, of: driver)
    case .hotplug(let file): try store(text, to: file)
    default: throw .access
    }
  }
}
