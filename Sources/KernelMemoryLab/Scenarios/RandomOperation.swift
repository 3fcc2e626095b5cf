// SPDX-License-Identifier: Apache-2.0

import KernelMemory

// Operations that somebody made up: lines of a script that concern a machine's pools, areas, blocks,
// devices and processes.
//
// They come from how the machine booted, and from nothing that has happened since: an operation may
// well ask for what is not there. So a list of operations stays a list that makes sense when some are
// left out.

extension MachineFacts {
  /// Any operation.
  func randomOperation(using random: inout SplitMix) -> String {
    switch Int.random(in: 0..<40, using: &random) {
    case 0..<10: poolOperation(using: &random)
    case 10..<16: mappingOperation(using: &random)
    case 16..<22: blockOperation(using: &random)
    case 22..<28: deviceOperation(using: &random)
    case 28..<33: areaOperation(using: &random)
    case 33..<36: pageOperation(using: &random)
    case 36..<39: failure(using: &random)
    default: setting(using: &random)
    }
  }

  func node(using random: inout SplitMix) -> Int { random.pick(nodes) }

  /// A name of one of `count` things of a kind.
  func name(_ kind: String, of count: Int, using random: inout SplitMix) -> String {
    "\(kind)\(Int.random(in: 0..<count, using: &random))"
  }

  private func failure(using random: inout SplitMix) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: "#@ fail-allocation after \(UInt.random(in: 0...40, using: &random))"
    case 2: "#@ fail-base-pages"
    default: "#@ fail-nothing"
    }
  }

  private func setting(using random: inout SplitMix) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: "#@ cpu \(Int.random(in: 0..<cpuCount, using: &random))"
    case 1:
      "echo \(UInt.random(in: 0...60_000, using: &random)) > /proc/sys/vm/min_free_kbytes"
    case 2:
      "echo \(UInt.random(in: 1...1000, using: &random)) > /proc/sys/vm/watermark_scale_factor"
    case 3: "cat /proc/zoneinfo /proc/meminfo /proc/vmstat"
    case 4:
      "echo \(random.pick(["auto-movable", "contig-zones"])) > "
        + "/sys/module/memory_hotplug/parameters/online_policy"
    default:
      "echo \(random.pick(["offline", "online", "online_movable", "online_kernel"])) > "
        + "/sys/devices/system/memory/auto_online_blocks"
    }
  }
}
