// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /sys/module/memory_hotplug/parameters (spec 10 section 5, spec 08 sections 4.1 and 6).

extension InterfaceTree {
  static var moduleEntries: [TreeEntry] {
    [
      .directory(
        "memory_hotplug",
        [
          .directory(
            "parameters",
            [
              .file("auto_movable_numa_aware", .hotplug(.autoMovableNodeAware)),
              .file("auto_movable_ratio", .hotplug(.autoMovableRatio)),
              .file("memmap_on_memory", .hotplug(.memmapOnMemory)),
              .file("online_policy", .hotplug(.onlinePolicy)),
            ])
        ])
    ]
  }

  /// Whether this kernel has the parameter.
  func isPresent(_ file: HotplugFile) -> Bool {
    file == .memmapOnMemory || hotplug.policy.choosesZones
  }

  func append(_ file: HotplugFile, to sink: inout TextSink) {
    let settings = hotplug.settings
    switch file {
    case .memmapOnMemory: sink.append(settings.memmapOnMemory.word)
    case .onlinePolicy: sink.append(settings.policy.word)
    case .autoMovableRatio:
      sink.appendDecimal(settings.autoMovableRatio.load(ordering: .relaxed))
    case .autoMovableNodeAware:
      sink.append(settings.isAutoMovableNodeAware.load(ordering: .relaxed) ? "Y" : "N")
    }
    sink.newline()
  }

  func store(_ text: ArraySlice<UInt8>, to file: HotplugFile) throws(InterfaceError) {
    let settings = hotplug.settings
    switch file {
    case .memmapOnMemory: throw .access
    case .onlinePolicy:
      guard let policy = OnlinePolicy(text) else { throw .invalid }
      settings.policy = policy
    case .autoMovableRatio:
      settings.autoMovableRatio.store(try ratio(text), ordering: .relaxed)
    case .autoMovableNodeAware:
      let words = subsystem.kernel.bootParameters.switchWords
      guard let isAware = try? Parsing.kernelBoolean(text, words: words) else { throw .invalid }
      settings.isAutoMovableNodeAware.store(isAware, ordering: .relaxed)
    }
  }

  private func ratio(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> UInt {
    let number: UInt
    do throws(NumberError) {
      number = try Parsing.sysfsUnsignedAutoBase(text)
    } catch {
      throw InterfaceError(error)
    }
    guard number <= UInt(UInt32.max) else { throw .outOfRange }
    return number
  }
}
