// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// Something that happens to memory of devices, as a value; prints as source.
///
/// Places and sizes are in units of 2 MiB of the room behind the machine's memory.
enum DeviceOperation: CustomStringConvertible {
  case map(DeviceMemoryType, at: UInt, count: UInt, order: Int, hasAltmap: Bool)
  case unmap(Int)
  case reference(UInt)
  case put(Int)
  case resize(UInt)
  case bind(DAXDriver?, describesItself: Bool)

  var description: String {
    switch self {
    case .map(let type, let place, let count, let order, let hasAltmap):
      ".map(.\(type), at: \(place), count: \(count), order: \(order), hasAltmap: \(hasAltmap))"
    case .unmap(let index): ".unmap(\(index))"
    case .reference(let place): ".reference(\(place))"
    case .put(let index): ".put(\(index))"
    case .resize(let count): ".resize(\(count))"
    case .bind(let driver, let describesItself):
      ".bind(\(driver.map { ".\($0)" } ?? "nil"), describesItself: \(describesItself))"
    }
  }

  /// An operation on a machine with `room` units behind its memory.
  static func random(room: UInt, using random: inout SplitMix) -> Self {
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<4:
      let types: [DeviceMemoryType] = [.generic, .fileSystemDAX, .devicePrivate, .peerToPeer]
      return .map(
        types.randomElement(using: &random) ?? .generic, at: .random(in: 0..<room, using: &random),
        count: .random(in: 1...160, using: &random),
        order: [0, 9, 18].randomElement(using: &random) ?? 0,
        hasAltmap: Int.random(in: 0..<4, using: &random) == 0)
    case 4..<6: return .unmap(.random(in: 0..<6, using: &random))
    case 6: return .reference(.random(in: 0..<room, using: &random))
    case 7: return .put(.random(in: 0..<3, using: &random))
    case 8: return .resize(.random(in: 0...256, using: &random))
    default:
      return .bind(
        [nil, .device, .kmem].randomElement(using: &random) ?? nil,
        describesItself: Bool.random(using: &random))
    }
  }
}

/// A machine with devices that operations attach, and one on the dax bus.
final class DevicePlayground {
  private let subsystem: MemorySubsystem
  private let start: PageFrameNumber
  private let device: DAXDevice
  private var maps: [DevicePagemap] = []
  private var references: [DevicePagemap] = []

  /// Devices lie in the room from `start` on; the one on the bus has the 512 MiB from `ownStart` on.
  init(_ subsystem: MemorySubsystem, start: PageFrameNumber, ownStart: PageFrameNumber) throws {
    self.subsystem = subsystem
    self.start = start
    let dax = subsystem.dax
    let region = DAXRegion(
      number: dax.takeRegionNumber(), frames: FrameRange(start: ownStart, pageCount: 4 << 15),
      alignment: 2 << 20, targetNode: subsystem.topology.nodes[0].id,
      node: subsystem.topology.nodes[0].id, kind: .dynamic, isMeantForKmem: false)
    precondition(dax.add(region), "a region of whole pages is added")
    device = try dax.create(in: region)
  }

  /// Whether the playground has references that no count in the machine explains.
  var isHolding: Bool { !references.isEmpty }

  /// Does it; a refusal is as good as any other answer.
  func perform(_ operation: DeviceOperation) {
    let devices = subsystem.devices
    switch operation {
    case .map(let type, let place, let count, let order, let hasAltmap):
      let frames = FrameRange(start: frame(place), pageCount: count << 9)
      let altmap = hasAltmap ? Altmap(of: frames, freeCount: count << 3) : nil
      let map = DevicePagemap(
        type, [frames], folioOrder: PageOrder(order), altmap: altmap, owner: 1,
        callbacks: DeviceCallbacks(migrateToRAM: { _ in true }, folioFree: { _ in }))
      if (try? devices.map(map)) != nil { maps.append(map) }
    case .unmap(let index):
      if index < maps.count, devices.unmap(maps[index]) == .unmapped { maps.remove(at: index) }
    case .reference(let place):
      if let map = devices.reference(to: frame(place)) { references.append(map) }
    case .put(let index):
      if index < references.count { devices.put(references.remove(at: index)) }
    case .resize(let count):
      subsystem.dax.lock.withLock { try? subsystem.dax.resize(device, to: count << 21) }
    case .bind(let driver, let describesItself):
      _ = try? subsystem.rebindDAXDevice(device.id, to: driver, describesItself: describesItself)
    }
  }

  private func frame(_ place: UInt) -> PageFrameNumber {
    PageFrameNumber(start.rawValue + place << 9)
  }
}
