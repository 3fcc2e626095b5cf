// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  extension FirmwareTables {
    private static var recordsOffset: UInt { 44 }
    private static var localAPIC: UInt8 { 0 }
    private static var isEnabled: UInt32 { 1 << 0 }

    /// The interrupt controllers of all CPUs that may be started.
    ///
    /// - Source: ACPI 6.5, 5.2.12 "Multiple APIC Description Table".
    var processorControllers: [UInt32] {
      var controllers: [UInt32] = []
      contents(of: "APIC")?.forEachRecord(from: Self.recordsOffset) { kind, record in
        let flags = RawMemory.load(UInt32.self, at: record + 4)
        guard kind == Self.localAPIC, flags & Self.isEnabled != 0 else { return }
        controllers.append(UInt32(RawMemory.load(UInt8.self, at: record + 3)))
      }
      return controllers
    }
  }

#endif
