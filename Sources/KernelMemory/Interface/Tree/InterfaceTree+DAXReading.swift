// SPDX-License-Identifier: Apache-2.0

// What files of the dax bus say (spec 10 section 9).

extension InterfaceTree {
  func append(_ file: DAXFile, of id: DAXDeviceID, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let device = dax.device(id) else { return }
      append(file, device, to: &sink)
    }
  }

  private func append(_ file: DAXFile, _ device: DAXDevice, to sink: inout TextSink) {
    switch file {
    case .modalias: sink.append("dax:t0")
    case .size: sink.appendDecimal(device.pageCount << pageSize.shift)
    case .alignment: sink.appendDecimal(device.alignment)
    case .targetNode: sink.appendDecimal(UInt(device.targetNode?.rawValue ?? 0))
    case .node: sink.appendDecimal(UInt(device.node.rawValue))
    case .resource:
      let first = device.ranges.first?.frames ?? dax.region(device.id.region)?.frames
      appendAddress(pageSize.address(of: first?.lowerBound ?? PageFrameNumber(0)).rawValue, &sink)
    case .describesItself: sink.append(device.describesItself ? "1" : "0")
    case .deviceNumber: appendDeviceNumber(of: device, to: &sink)
    case .event: return appendEvent(of: device, to: &sink)
    case .mapping: return
    }
    sink.newline()
  }

  /// The major number that character devices of the bus have here.
  private static var majorNumber: UInt { 252 }

  /// The minor number: the device's place on the bus.
  private func minorNumber(of device: DAXDevice) -> UInt {
    UInt(dax.devices.firstIndex { $0 === device } ?? 0)
  }

  private func appendDeviceNumber(of device: DAXDevice, to sink: inout TextSink) {
    sink.appendDecimal(Self.majorNumber)
    sink.append(":")
    sink.appendDecimal(minorNumber(of: device))
  }

  private func appendEvent(of device: DAXDevice, to sink: inout TextSink) {
    sink.append("MAJOR=")
    sink.appendDecimal(Self.majorNumber)
    sink.append("\nMINOR=")
    sink.appendDecimal(minorNumber(of: device))
    sink.append("\nDEVNAME=")
    device.id.write(to: &sink)
    if let driver = device.driver {
      sink.append("\nDRIVER=")
      sink.append(driver.name)
    }
    sink.append("\nMODALIAS=dax:t0\n")
  }

  /// An address as `%#llx` prints it, but for zero.
  private func appendAddress(_ address: UInt, _ sink: inout TextSink) {
    sink.append("0x")
    sink.appendHex(address)
  }

  func append(_ file: DAXPartFile, part: Int, of id: DAXDeviceID, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let part = dax.device(id)?.ranges.first(where: { $0.number == part }) else { return }
      switch file {
      case .start: appendAddress(pageSize.address(of: part.frames.lowerBound).rawValue, &sink)
      case .end: appendAddress(pageSize.address(of: part.frames.upperBound).rawValue &- 1, &sink)
      case .offset: appendAddress(part.offset, &sink)
      }
      sink.newline()
    }
  }

  func append(_ file: DAXRegionFile, region number: Int, to sink: inout TextSink) {
    dax.lock.withLock {
      guard let region = dax.region(number) else { return }
      switch file {
      case .number: sink.appendDecimal(signed: number)
      case .size: sink.appendDecimal(region.frames.pageCount << pageSize.shift)
      case .alignment: sink.appendDecimal(region.alignment)
      case .availableSize: sink.appendDecimal(region.availablePageCount << pageSize.shift)
      case .create: region.devices.max { $0.id < $1.id }?.id.write(to: &sink)
      case .seed: region.devices.first { $0.driver == nil }?.id.write(to: &sink)
      case .delete: return
      }
      sink.newline()
    }
  }
}
