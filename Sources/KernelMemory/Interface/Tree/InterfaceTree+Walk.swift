// SPDX-License-Identifier: Apache-2.0

extension InterfaceTree {
  /// Where a path leads.
  struct Place {
    let content: TreeEntry.Content
    let arguments: PathArguments
  }

  /// What becomes of a link at the end of a path.
  enum LastLink {
    case followed, kept
  }

  /// The most links that one path may go through.
  ///
  /// - Linux: `MAXSYMLINKS`.
  private static var linkLimit: Int { 40 }

  /// Walks a path from the root.
  ///
  /// - Throws: ``InterfaceError/noEntry``, ``InterfaceError/notDirectory``,
  ///   ``InterfaceError/nameTooLong``, ``InterfaceError/tooManyLinks``.
  func walk(
    _ path: ArraySlice<UInt8>, lastLink: LastLink = .followed
  ) throws(InterfaceError) -> Place {
    let parsed = try InterfacePath(path)
    var trail = [Place(content: .directory(plan), arguments: PathArguments())]
    var pending = Array(parsed.names.reversed())
    var links = 0
    while let name = pending.popLast() {
      let place = try step(name, &trail)
      guard case .link(let link) = place.content else {
        trail.append(place)
        continue
      }
      if pending.isEmpty, !parsed.endsInSlash, lastLink == .kept { return place }
      links += 1
      guard links <= Self.linkLimit else { throw .tooManyLinks }
      pending += try InterfacePath(target(of: link, place.arguments)[...]).names.reversed()
    }
    let place = trail[trail.count - 1]
    if parsed.endsInSlash, case .file = place.content { throw .notDirectory }
    return place
  }

  /// Looks `name` up in the directory at the end of `trail`; `..` shortens the trail.
  private func step(
    _ name: ArraySlice<UInt8>, _ trail: inout [Place]
  ) throws(InterfaceError) -> Place {
    let here = trail[trail.count - 1]
    guard case .directory(let entries) = here.content else { throw .notDirectory }
    if InterfacePath.parent.isEqual(to: name) {
      if trail.count > 1 { trail.removeLast() }
      return trail.removeLast()
    }
    for entry in entries {
      guard let arguments = match(name, entry.name, here.arguments) else { continue }
      if case .file(let file) = entry.content, !isPresent(file, arguments) { throw .noEntry }
      return Place(content: entry.content, arguments: arguments)
    }
    throw .noEntry
  }

  /// Where a link with the given number leads, from the directory that it is in.
  func target(of link: TreeLink, _ arguments: PathArguments) -> [UInt8] {
    var text = TextSink()
    text.append(link.prefix)
    switch link.ending {
    case .number: text.appendDecimal(arguments.number)
    case .daxDevice: appendDirectory(of: arguments.daxDevice, to: &text)
    case .daxDriver: text.append(driver(of: arguments.daxDevice)?.name ?? "")
    case .nothing: break
    }
    return text.bytes
  }

  /// Whether a file that some kernels or sizes lack is there.
  func isPresent(_ file: InterfaceFile, _ arguments: PathArguments) -> Bool {
    switch file {
    case .sysctl(let file): isPresent(file)
    case .pool(let file), .nodePool(let file): isPresent(file, pool: arguments.pool)
    case .crashHotplug: policy.tellsCrashHotplug
    case .blockProbe: policy.hasProbe
    case .hotplug(let file): isPresent(file)
    case .node(.reclaim): policy.reclaimsNodes
    case .dax(let file): isPresent(file, of: arguments.daxDevice)
    case .daxRegion(let file): isPresent(file, region: arguments.daxRegion)
    default: true
    }
  }
}
