// SPDX-License-Identifier: Apache-2.0

/// Everything in which one kernel's memory management differs from another's.
///
/// - Source: spec 05 section 18, spec 06 section 16, spec 08 section 11, spec 09 section 10.
public struct KernelDesign: Sendable {
  /// How descriptors are folded.
  public var vmemmap: VmemmapDesign
  /// How zones keep memory back.
  public var reserves: ReservePolicy
  /// How pools are run.
  public var pools: HugePagePolicy
  /// How memory comes and goes.
  public var hotplug: HotplugPolicy
  /// How memory of devices is treated.
  public var devices: DevicePolicy
  /// How vmalloc areas are run.
  public var vmalloc: VmallocPolicy
  /// How boot parameters are read.
  public var bootParameters: BootParameterRules
  /// What the files show.
  public var interface: InterfacePolicy

  /// The name by which a user asks for the design.
  public var name: StaticString { vmemmap.name }

  /// Linux 5.14.
  public static let linux5_14 = Self(
    vmemmap: .linux5_14, reserves: .linux6_1, pools: .linux6_1, hotplug: .linux5_14,
    devices: .linux6_1, vmalloc: .linux5_14, bootParameters: .linux5_14, interface: .linux5_14)
  /// Linux 6.1.
  public static let linux6_1 = Self(
    vmemmap: .linux6_1, reserves: .linux6_1, pools: .linux6_1, hotplug: .linux6_1,
    devices: .linux6_1, vmalloc: .linux6_1, bootParameters: .linux6_1, interface: .linux6_1)
  /// Linux 6.12.
  public static let linux6_12 = Self(
    vmemmap: .linux6_12, reserves: .linux6_12, pools: .linux6_12, hotplug: .linux6_12,
    devices: .linux6_12, vmalloc: .linux6_12, bootParameters: .linux6_12, interface: .linux6_12)
  /// Linux 7.2.
  public static let linux7_2 = Self(
    vmemmap: .linux7_2, reserves: .linux6_12, pools: .linux7_2, hotplug: .linux7_2,
    devices: .linux7_2, vmalloc: .linux7_2, bootParameters: .linux7_2, interface: .linux7_2)
  /// The design to come, and our default.
  public static let unified = Self(
    vmemmap: .unified, reserves: .linux6_12, pools: .linux7_2, hotplug: .linux7_2,
    devices: .linux7_2, vmalloc: .unified, bootParameters: .linux7_2, interface: .unified)

  /// All designs, oldest first.
  public static var all: [KernelDesign] {
    [.linux5_14, .linux6_1, .linux6_12, .linux7_2, .unified]
  }

  /// The design that a user calls `name`.
  public static func named(_ name: ArraySlice<UInt8>) -> KernelDesign? {
    all.first { design in
      design.name.withUTF8Buffer { unsafe $0.elementsEqual(name) }
    }
  }
}
