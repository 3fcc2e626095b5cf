// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  /// What the loader tells about the machine: the device tree says it all.
  ///
  /// - Source: Linux, Documentation/arch/arm64/booting.rst; Devicetree Specification, 3.4 "/memory",
  ///   3.6 "/chosen".
  struct StartInfo {
    /// The page at the start of memory, where QEMU's own first instructions are.
    let place: Piece
    /// The tree.
    let memoryMap: Piece
    /// The command line without its end.
    let commandLine: Piece
    /// Nothing lists modules.
    let modules = Piece()
    /// The initial RAM disk; empty if there is none.
    let module: Piece
    /// The tree again, where the kernel's copy of it begins.
    var firmwareTables: UInt { memoryMap.start }
    private let tree: DeviceTree

    /// Reads the tree at `address`, with memory mapped as it is.
    init(at address: UInt) {
      guard let tree = DeviceTree(at: address) else {
        Panic.stop("what called this left no device tree")
      }
      self.tree = tree
      memoryMap = Piece(start: tree.start, byteCount: tree.byteCount)
      let chosen = tree.node(named: "chosen")
      let text = chosen?.value("bootargs")
      commandLine = Piece(start: text?.address ?? 0, byteCount: max(1, text?.byteCount ?? 0) - 1)
      let start = chosen?.value("linux,initrd-start")?.number ?? 0
      let end = chosen?.value("linux,initrd-end")?.number ?? 0
      module = Piece(start: start, byteCount: max(start, end) - start)
      place = Piece(start: tree.memory(0)?.start ?? 0, byteCount: AddressSpace.page)
    }

    /// The number of pieces of memory.
    var mapEntryCount: UInt {
      var count: UInt = 0
      while tree.memory(count) != nil { count += 1 }
      return count
    }

    /// The piece of memory `index`.
    func range(_ index: UInt) -> Piece { tree.memory(index) ?? Piece() }

    /// The tree tells of nothing else.
    func isUsable(_ index: UInt) -> Bool { true }
  }

  extension DeviceTree {
    /// The cells of a range: two for the address, two for the size.
    static var rangeCells: UInt { 4 }

    /// Calls `body` with each piece of memory and its node of the tree.
    func forEachMemory(_ body: (StartInfo.Piece, Node) -> Void) {
      forEachNode { node in
        guard node.isDevice("memory"), let ranges = node.value("reg") else { return }
        for cell in stride(from: 0, to: ranges.cellCount, by: Int(Self.rangeCells)) {
          body(
            StartInfo.Piece(start: ranges.pair(cell), byteCount: ranges.pair(cell + 2)), node)
        }
      }
    }

    /// The piece of memory `index`; nil if there are not so many.
    func memory(_ index: UInt) -> StartInfo.Piece? {
      var found: StartInfo.Piece?
      var number: UInt = 0
      forEachMemory { piece, _ in
        if number == index { found = piece }
        number += 1
      }
      return found
    }
  }

#endif
