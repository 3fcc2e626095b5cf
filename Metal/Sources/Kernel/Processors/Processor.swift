// SPDX-License-Identifier: Apache-2.0

/// What belongs to one CPU: a page, whose layout is the architecture's.
struct Processor {
  /// Where the pages of all CPUs lie in a row; written once, before there is a second CPU.
  nonisolated(unsafe) private static var pages: UInt = 0

  /// The number.
  let index: Int

  /// The CPU with the number `index`.
  init(_ index: Int) {
    precondition(index >= 0 && index < AddressSpace.mostCPUs, "there is room for so many CPUs")
    self.index = index
  }

  /// Its page.
  var page: UInt { unsafe Self.pages + UInt(index) * AddressSpace.page }

  /// Takes pages for all CPUs that there may be.
  static func reservePages() {
    let pages = UInt(AddressSpace.mostCPUs)
    unsafe Self.pages = KernelMemoryMap.takePages(pages)
  }
}
