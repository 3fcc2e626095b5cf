// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  /// The tables in which firmware describes the machine.
  ///
  /// They are read through the direct map. What does not look like a table is passed over: a machine
  /// without tables has one CPU and one node.
  ///
  /// - Source: ACPI 6.5, 5.2.5 "Root System Description Pointer", 5.2.6, 5.2.8.
  struct FirmwareTables {
    /// Tables by address, each with its header.
    private var tables: [UInt] = []

    /// The bytes before a table's own contents.
    static var headerByteCount: UInt { 36 }
    private static var lengthOffset: UInt { 4 }

    /// Reads the list that the pointer at the physical address `pointer` leads to; 0 for none.
    init(_ pointer: UInt) {
      guard pointer != 0 else { return }
      let window = KernelMemoryMap.directMap
      let revision = RawMemory.load(UInt8.self, at: window + pointer + 15)
      let extended: UInt = revision >= 2 ? RawMemory.load(at: window + pointer + 24) : 0
      let old = UInt(RawMemory.load(UInt32.self, at: window + pointer + 16))
      let list = window + (extended != 0 ? extended : old)
      let size: UInt = extended != 0 ? 8 : 4
      for offset in stride(from: Self.headerByteCount, to: Self.byteCount(of: list), by: Int(size))
      {
        let entry =
          size == 8
          ? RawMemory.load(UInt.self, at: list + offset)
          : UInt(RawMemory.load(UInt32.self, at: list + offset))
        tables.append(window + entry)
      }
    }

    private static func byteCount(of table: UInt) -> UInt {
      UInt(RawMemory.load(UInt32.self, at: table + lengthOffset))
    }

    /// The contents of the table called `name`, without its header.
    func contents(of name: StaticString) -> FirmwareTable? {
      for table in tables where Self.isCalled(name, table) {
        return FirmwareTable(start: table, end: table + Self.byteCount(of: table))
      }
      return nil
    }

    private static func isCalled(_ name: StaticString, _ table: UInt) -> Bool {
      name.withUTF8Buffer { bytes in
        for index in 0..<bytes.count
        where unsafe bytes[index] != RawMemory.load(UInt8.self, at: table + UInt(index)) {
          return false
        }
        return true
      }
    }
  }

  /// A table, or a list of records in one.
  struct FirmwareTable {
    let start: UInt
    let end: UInt

    /// Calls `body` with the kind and the address of each record; they begin behind `offset` bytes.
    func forEachRecord(from offset: UInt, _ body: (UInt8, UInt) -> Void) {
      var record = start + offset
      while record + 2 <= end {
        let length = UInt(RawMemory.load(UInt8.self, at: record + 1))
        guard length >= 2, record + length <= end else { return }
        body(RawMemory.load(UInt8.self, at: record), record)
        record += length
      }
    }
  }

#endif
