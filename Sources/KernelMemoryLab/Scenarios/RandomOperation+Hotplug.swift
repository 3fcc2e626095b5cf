// SPDX-License-Identifier: Apache-2.0

// Memory that comes and goes, and memory of devices.

extension MachineFacts {
  private var roomInBlocks: UInt { UInt(room.count) / blockByteCount }

  private func hex(_ number: UInt) -> String { "0x\(String(number, radix: 16))" }

  /// Plugs memory in or out, or brings a block online or offline.
  func blockOperation(using random: inout SplitMix) -> String {
    if roomInBlocks > 0, Bool.random(using: &random) { return plugging(using: &random) }
    let last = (room.upperBound - 1) / blockByteCount
    let block =
      random.happens(onceIn: 3) || room.isEmpty
      ? UInt.random(in: 0...last, using: &random)
      : UInt.random(in: room.lowerBound / blockByteCount...last, using: &random)
    let state = random.pick([
      "offline", "offline", "online", "online_movable", "online_movable", "online_kernel",
    ])
    return "echo \(state) > /sys/devices/system/memory/memory\(block)/state"
  }

  private func plugging(using random: inout SplitMix) -> String {
    let place = UInt.random(in: 0..<roomInBlocks, using: &random)
    let count = min(UInt.random(in: 1...3, using: &random), roomInBlocks - place)
    let range =
      "\(count * blockByteCount >> 20)M at \(hex(room.lowerBound + place * blockByteCount))"
    if random.happens(onceIn: 3) { return "#@ remove-memory \(range)" }
    let own = Bool.random(using: &random) ? " memmap-on-memory" : ""
    return "#@ add-memory \(range) node \(node(using: &random))\(own)"
  }

  /// Maps memory of a device, uses it, or changes a device of the bus.
  func deviceOperation(using random: inout SplitMix) -> String {
    if hasDevice, Bool.random(using: &random) { return busOperation(using: &random) }
    let name = name("d", of: 5, using: &random)
    guard !room.isEmpty else { return "#@ unmap-pagemap \(name)" }
    let unit: UInt = 2 << 20
    let place =
      room.lowerBound + UInt.random(in: 0..<UInt(room.count) / unit, using: &random) * unit
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5:
      let most = min((room.upperBound - place) / unit, 160)
      let count = UInt.random(in: 1...max(most, 1), using: &random)
      let type = random.pick([
        "generic", "fs-dax", "device-private", "coherent", "peer-to-peer",
      ])
      let page = random.pick(["", " page=2M", " page=1G", " page=64K"])
      let own = random.happens(onceIn: 4) ? " altmap=\(count * 32)K" : ""
      return "#@ pagemap \(name) \(type) \(hex(place)) \(count * 2)M\(page)\(own)"
    case 5..<8: return "#@ unmap-pagemap \(name)"
    case 8: return "#@ use-device-page \(hex(place))"
    default: return "#@ release-device-page \(hex(place))"
    }
  }

  private func busOperation(using random: inout SplitMix) -> String {
    let device = "dax0.\(Int.random(in: 0...1, using: &random))"
    let driver = random.pick(["device_dax", "kmem"])
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3: return "echo \(device) > /sys/bus/dax/drivers/\(driver)/unbind"
    case 3..<5: return "echo \(device) > /sys/bus/dax/drivers/\(driver)/bind"
    case 5: return "echo \(device) > /sys/bus/dax/drivers/\(driver)/new_id"
    case 6, 7:
      let size = UInt.random(in: 0...300, using: &random) << 21
      return "echo \(size) > /sys/bus/dax/devices/\(device)/size"
    case 8: return "echo \(device) > /sys/devices/platform/hmem.0/dax_region/delete"
    default:
      return Bool.random(using: &random)
        ? "echo 1 > /sys/devices/platform/hmem.0/dax_region/create"
        : "echo \(Bool.random(using: &random) ? 1 : 0) > "
          + "/sys/bus/dax/devices/\(device)/memmap_on_memory"
    }
  }
}
