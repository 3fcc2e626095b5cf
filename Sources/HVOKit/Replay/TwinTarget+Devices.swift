// SPDX-License-Identifier: Apache-2.0

import KernelMemory

// Memory of devices, as a recorder's tools set it up.

extension TwinTarget {
  func performOnDevices(_ action: RecordAction) -> ActionOutcome {
    do throws(DAXError) {
      switch action {
      case .loadDrivers:
        twin.subsystem.loadDeviceDrivers()
        residents.takeModules()
      case .daxCreate(_, let layout): return try create(layout)
      case .daxDestroy(let name):
        try twin.subsystem.dismantleDAXDevice(try Self.id(name))
      case .kmemBind(let name, _, let hostsItsOwnMemmap):
        try twin.subsystem.rebindDAXDevice(
          try Self.id(name), to: .kmem, describesItself: hostsItsOwnMemmap)
      case .kmemUnbind(let name):
        try twin.subsystem.rebindDAXDevice(try Self.id(name), to: nil)
      case .pmemUnbind(let name): try twin.subsystem.unbindDisk(try Self.namespaceNumber(name))
      default: return .unsupported(reason: "this is nothing that devices do")
      }
      return .done
    } catch {
      return .errno("\(error)")
    }
  }

  /// Makes a device; it has to have the recorded device's data.
  private func create(_ layout: DAXLayout) throws(DAXError) -> ActionOutcome {
    guard let alignment = UInt(exactly: layout.alignment) else { throw .invalid }
    let device = try twin.subsystem.makeDAXDevice(
      at: PhysicalAddress(UInt(layout.dataStart)), alignment: alignment,
      layout.memmapPlace == .device ? .device : .ordinaryMemory)
    let start = device.ranges.first?.lowerBound.rawValue ?? 0
    guard start == UInt(layout.dataStart), device.byteCount == UInt(layout.dataByteCount) else {
      return .errno("data of \(device.byteCount) bytes at 0x\(String(start, radix: 16))")
    }
    return .done
  }

  private static func id(_ name: String) throws(DAXError) -> DAXDeviceID {
    guard let id = DAXDeviceID(name: Array(name.utf8)[...]) else { throw .noDevice }
    return id
  }

  /// The first number in `namespace0.0`.
  private static func namespaceNumber(_ name: String) throws(DAXError) -> Int {
    let digits = name.drop { !$0.isNumber }.prefix { $0.isNumber }
    guard let number = Int(digits) else { throw .noDevice }
    return number
  }
}
