// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension VmemmapOptimizer {
  /// Gives frames that no longer back any vmemmap page to the page allocator.
  ///
  /// A frame with a blank descriptor was reserved at boot: it comes under management for the first
  /// time, and total memory grows. The others came from the allocator.
  ///
  /// - Parameter isCounted: whether each frame counts as one vmemmap page less.
  /// - Precondition: every CPU has flushed since the frames were mapped.
  /// - Linux: `free_vmemmap_page_list()` (spec 05 section 6.2).
  func freeVmemmapPages(_ frames: inout FrameRuns, isCounted: Bool = true) {
    while let run = frames.popRun(vmemmap) {
      var start = run.lowerBound
      while start < run.upperBound {
        let isBoot = vmemmap.isBlank(start)
        let end = vmemmap.firstFrame(of: start..<run.upperBound) { $0.counts.isBlank != isBoot }
        if isCounted { uncount(end.rawValue &- start.rawValue, isBootMemory: isBoot) }
        free(start..<end, isBootMemory: isBoot)
        start = end
      }
    }
  }

  private func uncount(_ pages: UInt, isBootMemory: Bool) {
    if isBootMemory {
      accounting.bootPages.wrappingSubtract(Int(pages), ordering: .relaxed)
    } else {
      accounting.runtimePages.wrappingSubtract(Int(pages), ordering: .relaxed)
    }
  }

  private func free(_ frames: FrameRange, isBootMemory: Bool) {
    let size = vmemmap.pageSize
    machine.forgetContents(
      at: size.address(of: frames.lowerBound), byteCount: frames.pageCount << size.shift)
    if isBootMemory {
      allocator.manage(frames)
    } else {
      allocator.releaseRun(frames)
    }
  }
}
