// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// All that it takes to build a twin.
public struct TwinSpecification: Sendable {
  /// What the kernel is started with.
  public var configuration: BootConfiguration
  /// The number of CPUs.
  public var cpuCount: Int
  /// What was estimated or chosen, for the user to know.
  public var notes: [String]
  /// One more than the last address at which memory will be added.
  var addedEnd: UInt = 0

  /// Creates the specification.
  public init(configuration: BootConfiguration, cpuCount: Int, notes: [String] = []) {
    (self.configuration, self.cpuCount, self.notes) = (configuration, cpuCount, notes)
  }

  /// The bytes from physical zero to the end of the last section with memory, devices' too, or where
  /// memory may be added.
  var span: UInt {
    let granule: UInt = 1 << configuration.format.sectionShift
    let end = max(
      addedEnd, configuration.memoryMap.describableEnd.rawValue,
      configuration.layout.hotPluggableEnd?.rawValue ?? 0)
    let (rounded, overflow) = end.addingReportingOverflow(granule - 1)
    return overflow ? .max : max(rounded / granule * granule, granule)
  }

  /// The specification with `words` added to the kernel's command line.
  func adding(_ words: String) -> Self {
    var copy = self
    if !copy.configuration.commandLine.isEmpty {
      copy.configuration.commandLine.append(UInt8(ascii: " "))
    }
    copy.configuration.commandLine += words.utf8
    return copy
  }
}
