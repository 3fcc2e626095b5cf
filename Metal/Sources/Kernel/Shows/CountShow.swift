// SPDX-License-Identifier: Apache-2.0

internal import CMetal
internal import KernelMemory

/// Shows how many ticks of the clock a write takes that changes the size of a pool. With QEMU's `-icount
/// shift=0,sleep=off` a tick is an instruction.
///
/// The pool grows and shrinks three times: without optimization; with it, where the leaves of the
/// descriptors are whole yet ("cold"); and again, where they are split ("warm"). Once, where the page
/// tables do not allow optimization.
struct CountShow {
  /// What is counted.
  struct Case {
    /// The file of the pool's size.
    let file: StaticString
    /// The pages by which it grows.
    let pageCount: UInt
  }

  private let tree: InterfaceTree
  private let measured: Case

  init(_ tree: InterfaceTree, _ measured: Case) { (self.tree, self.measured) = (tree, measured) }

  /// Does it; the pool is empty.
  func run() -> Bool {
    guard tree.subsystem.format.allowsLiveRemap else { return round("off") }
    let isOff = write("0", to: "/proc/sys/vm/hugetlb_optimize_vmemmap")
    let off = round("off")
    let isOn = write("1", to: "/proc/sys/vm/hugetlb_optimize_vmemmap")
    return isOff && isOn && off && round("cold") && round("warm")
  }

  /// Grows and shrinks once.
  private func round(_ name: StaticString) -> Bool {
    var grown = TextSink()
    grown.appendDecimal(measured.pageCount)
    let grow = ticks { set(grown) }
    let isWhole = (try? tree.read(path)) == grown.bytes + [UInt8(ascii: "\n")]
    var none = TextSink()
    none.append("0")
    let shrink = ticks { set(none) }
    SerialPort.write("count: ")
    SerialPort.writeDecimal(measured.pageCount)
    SerialPort.write(" pages, ")
    SerialPort.write(name)
    SerialPort.write(": a page costs ")
    SerialPort.writeDecimal(grow / measured.pageCount)
    SerialPort.write(" to grow, ")
    SerialPort.writeDecimal(shrink / measured.pageCount)
    SerialPort.write(" to shrink\n")
    return isWhole
  }

  private var path: ArraySlice<UInt8> {
    measured.file.withUTF8Buffer { unsafe Array($0) }[...]
  }

  private func set(_ text: TextSink) { _ = try? tree.writeAll(text.bytes[...], to: path) }

  private func write(_ text: StaticString, to file: StaticString) -> Bool {
    var sink = TextSink()
    sink.append(text)
    let path = file.withUTF8Buffer { unsafe Array($0) }
    return (try? tree.writeAll(sink.bytes[...], to: path[...])) != nil
  }

  private func ticks(_ body: () -> Void) -> UInt {
    let start = metal_clock()
    body()
    return UInt(metal_clock() &- start)
  }
}

extension CountShow.Case {
  private static let small: StaticString = "/proc/sys/vm/nr_hugepages"
  private static let large: StaticString =
    "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

  /// As Linux was counted: 2 MiB pages in two batches, and gigantic pages.
  static let few = Self(file: small, pageCount: 64)
  static let many = Self(file: small, pageCount: 512)
  static let gigantic = Self(file: large, pageCount: 4)
}
