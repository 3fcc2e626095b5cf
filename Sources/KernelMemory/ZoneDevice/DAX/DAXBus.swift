// SPDX-License-Identifier: Apache-2.0

/// Regions of memory that is no ordinary memory, the devices made of them, and what these are used
/// as.
///
/// ```
/// persistent memory ─▶ fixed region ──▶ dax0.0 ─▶ device_dax   mapped by processes
/// special-purpose memory ─▶ region ─┬─▶ dax1.0 ─▶ kmem         ordinary memory
///                                   └─▶ dax1.1 ─▶ fsdev_dax    a file system
/// ```
///
/// - Linux: `drivers/dax/bus.c` (spec 07 section 6).
final class DAXBus: @unchecked Sendable {
  let memory: DeviceMemory
  /// Guards everything on the bus. It is taken before the hot-plug lock.
  let lock = SpinLock(.deviceBus)
  private(set) var regions: [DAXRegion] = []
  /// Persistent memory, by number.
  var namespaces: [PersistentNamespace] = []
  /// Devices that a driver takes though it would not by itself, by driver.
  private var extraDevices = [[DAXDeviceID]](repeating: [], count: DAXDriver.allCases.count)
  /// Memory in use under a device's name.
  var reservations: [Reservation] = []
  private var nextRegion = 0

  /// Memory that a device has for itself.
  struct Reservation {
    let frames: FrameRange
    let device: DAXDeviceID
    /// Whether it is ordinary memory.
    let isSystemMemory: Bool
  }

  init(_ memory: DeviceMemory) { self.memory = memory }

  var hotplug: MemoryHotplug { memory.hotplug }
  var format: PagingFormat { memory.format }
  var pageSize: PageSize { format.pageSize }
  var policy: DevicePolicy { memory.policy }

  /// What every size on the bus is a multiple of.
  ///
  /// - Unit: bytes.
  /// - Linux: `memremap_compat_align()`.
  var granule: UInt { max(2 << 20, memory.population.granule &<< pageSize.shift) }

  /// Whether devices can have pages of `byteCount`.
  ///
  /// - Source: spec 07 section 6.2.
  func isValidAlignment(_ byteCount: UInt) -> Bool {
    if byteCount == pageSize.byteCount { return true }
    if byteCount == format.pmdByteCount { return true }
    guard format.levelCount > 2 else { return false }
    switch format.regime {
    case .x86FourLevel, .x86FiveLevel, .powerRadix:
      return byteCount == 1 << format.levels[2].shift
    case .arm64, .riscv: return false
    }
  }

  /// The drivers that this kernel has.
  var drivers: [DAXDriver] {
    DAXDriver.allCases.filter { driver in
      switch driver {
      case .device, .kmem: true
      case .fileSystem: policy.hasFileSystemDriver
      }
    }
  }

  // MARK: Regions

  /// The number of the next region.
  func takeRegionNumber() -> Int {
    nextRegion += 1
    return nextRegion - 1
  }

  /// Adds a region.
  ///
  /// - Returns: false if its start or length is no multiple of its alignment.
  func add(_ region: DAXRegion) -> Bool {
    let pages = region.alignment &>> pageSize.shift
    guard pages > 0, region.frames.lowerBound.rawValue % pages == 0,
      region.frames.pageCount % pages == 0, !region.frames.isEmpty
    else { return false }
    regions.append(region)
    return true
  }

  /// Forgets a region whose devices are all unbound.
  func removeRegion(_ number: Int) { regions.removeAll { $0.number == number } }

  func region(_ number: Int) -> DAXRegion? { regions.first { $0.number == number } }

  /// The device `id`.
  func device(_ id: DAXDeviceID) -> DAXDevice? {
    region(id.region)?.devices.first { $0.id == id }
  }

  /// All devices, region by region.
  var devices: [DAXDevice] { regions.flatMap { $0.devices } }

  // MARK: Lists of devices

  func takes(_ driver: DAXDriver, _ id: DAXDeviceID) -> Bool {
    extraDevices[driver.rawValue].contains(id)
  }

  func setTakes(_ driver: DAXDriver, _ id: DAXDeviceID, _ takes: Bool) {
    extraDevices[driver.rawValue].removeAll { $0 == id }
    if takes { extraDevices[driver.rawValue].append(id) }
  }
}
