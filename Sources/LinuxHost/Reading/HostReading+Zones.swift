// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  /// As many zones as there can be: five on each node.
  static let zoneLimit = 5 * Int(HostText.nodeLimit)

  /// Reads the populated zones from `/proc/zoneinfo` (spec 10 section 4).
  mutating func readZones() -> [HostDescription.Zone] {
    let path = "/proc/zoneinfo"
    guard let text = files.text(path) else {
      noteMissing(path, "zones are not known")
      return []
    }
    var zones: [HostDescription.Zone] = []
    var faults = LineFaults()
    for line in text.lines {
      if line.hasPrefix("Node ") {
        guard zones.count < Self.zoneLimit, let zone = Self.zoneHead(line) else {
          faults.add(line)
          continue
        }
        zones.append(zone)
      } else if !zones.isEmpty, !Self.readZoneLine(line, into: &zones[zones.count - 1]) {
        faults.add(line)
      }
    }
    note(faults, in: path)
    trace(.zones, .read, path)
    return zones.filter { $0.presentPages > 0 }
  }

  /// The zone that the line `Node 0, zone   Normal` opens.
  private static func zoneHead(_ line: Substring) -> HostDescription.Zone? {
    let words = line.words
    guard words.count == 4, words[1].last == ",", words[2] == "zone",
      let node = HostText.decimal(words[1].dropLast()), node < HostText.nodeLimit,
      let name = HostText.identifier(words[3])
    else { return nil }
    return .init(
      node: Int(node), name: name, startFrame: 0, spannedPages: 0, presentPages: 0,
      managedPages: 0, freePages: 0, cmaPages: 0)
  }

  /// Takes one line of a zone; `false` if it is a line of interest with a senseless number.
  private static func readZoneLine(_ line: Substring, into zone: inout HostDescription.Zone) -> Bool
  {
    let words = line.words
    guard let key = words.first, let value = words.last else { return true }
    let field: WritableKeyPath<HostDescription.Zone, UInt>
    switch key {
    case "pages" where words.dropFirst().first == "free": field = \.freePages
    case "spanned": field = \.spannedPages
    case "present": field = \.presentPages
    case "managed": field = \.managedPages
    case "cma": field = \.cmaPages
    case "start_pfn:": field = \.startFrame
    default: return true
    }
    guard let number = HostText.decimal(value) else { return false }
    zone[keyPath: field] = number
    return true
  }

  /// The zones whose numbers fit together and into the address space.
  mutating func plausible(
    _ zones: [HostDescription.Zone], pageSize: UInt
  ) -> [HostDescription.Zone] {
    let limit = HostText.addressLimit / pageSize
    return zones.filter { zone in
      let fits =
        zone.startFrame < limit && zone.spannedPages <= limit - zone.startFrame
        && zone.presentPages <= zone.spannedPages && zone.managedPages <= zone.presentPages
        && zone.freePages <= zone.presentPages
      if !fits {
        note(
          "/proc/zoneinfo",
          "numbers of node \(zone.node), zone \(zone.name) contradict each other; "
            + "zone ignored")
      }
      return fits
    }
  }
}
