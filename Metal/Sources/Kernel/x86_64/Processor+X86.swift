// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  // The page has the CPU's number, its mail, its segments and its task state.
  //
  // ```
  //   0  number, which %gs leads to
  //  64  mailbox: a line of its own, as all CPUs write there
  // 128  segments: none, code, data, task state (two places)
  // 256  task state
  // ```
  extension Processor {
    private static var mailboxOffset: UInt { 64 }
    private static var segmentsOffset: UInt { 128 }
    private static var segmentCount: UInt { 5 }
    private static var taskOffset: UInt { 256 }
    /// - Source: Intel SDM volume 3, figure 7-11 "64-Bit TSS Format".
    private static var taskByteCount: UInt { 104 }
    private static var firstInterruptStackOffset: UInt { 36 }
    private static var portMapOffset: UInt { 102 }
    /// - Source: Intel SDM volume 4, table 2-2, IA32_GS_BASE.
    private static var gsBase: UInt32 { 0xC000_0101 }

    /// Where others leave work.
    var mailbox: UInt { page + Self.mailboxOffset }

    /// Writes what the CPU needs before it runs.
    func prepare() {
      RawMemory.store(UInt(index), at: page)
      writeTask(faultStack: AddressSpace.faultStackTop(of: index))
      writeSegments()
    }

    private func writeTask(faultStack: UInt) {
      let task = page + Self.taskOffset
      RawMemory.store(faultStack, at: task + Self.firstInterruptStackOffset)
      RawMemory.store(UInt16(Self.taskByteCount), at: task + Self.portMapOffset)
    }

    /// - Source: Intel SDM volume 3, 3.4.5 "Segment Descriptors", 7.2.3 "TSS Descriptor in 64-bit mode".
    private func writeSegments() {
      let task = page + Self.taskOffset
      let low = (task & 0xFF_FFFF) << 16 | (task >> 24 & 0xFF) << 56
      let code: UInt = 0x00AF_9B00_0000_FFFF
      let data: UInt = 0x00CF_9300_0000_FFFF
      let availableTask: UInt = 0x89 << 40
      let segments = page + Self.segmentsOffset
      RawMemory.store(code, at: segments + UInt(METAL_CODE_SELECTOR))
      RawMemory.store(data, at: segments + UInt(METAL_DATA_SELECTOR))
      RawMemory.store(
        low | availableTask | (Self.taskByteCount - 1), at: segments + UInt(METAL_TASK_SELECTOR))
      RawMemory.store(task >> 32, at: segments + UInt(METAL_TASK_SELECTOR) + 8)
    }

    /// Makes the CPU that runs this the one.
    func load() {
      metal_load_segments(
        page + Self.segmentsOffset, UInt16(truncatingIfNeeded: Self.segmentCount * 8 - 1))
      metal_load_task()
      metal_write_register(Self.gsBase, UInt64(page))
      Vectors.load()
    }
  }

#endif
