// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// A file that can be written, and what a kernel would answer.
struct Knob: Sendable {
  let path: String
  let answer: @Sendable ([UInt8]) -> Answer
  /// What the file reads after a number was taken; nil if that depends.
  let shown: (@Sendable (UInt) -> String)?

  init(
    _ path: String, shown: (@Sendable (UInt) -> String)? = nil,
    _ answer: @escaping @Sendable ([UInt8]) -> Answer
  ) {
    self.path = path
    self.answer = answer
    self.shown = shown
  }

  /// Whether `text` is an error.
  func refuses(_ text: [UInt8]) -> Bool {
    if case .refused = answer(text) { true } else { false }
  }
}

private let int32 = Int128(Int32.min)...Int128(Int32.max)
private let positiveInt32 = 0...Int128(Int32.max)
private let unsigned = 0...Int128(UInt.max)

/// Every file that can be written on a machine with two nodes, pools of 2 MiB and 1 GiB, and two
/// blocks of memory.
func knobs(_ design: KernelDesign) -> [Knob] {
  let plain: @Sendable (UInt) -> String = { "\($0)\n" }
  let isYoung = design.pools.allowsGiganticOvercommit
  let small = poolPath(2048)
  let large = poolPath(1_048_576)
  let system = "/sys/devices/system/"
  var result = [
    Knob(small + "nr_hugepages", AnswerModel.sysfs),
    Knob(small + "nr_hugepages_mempolicy", AnswerModel.sysfs),
    Knob(small + "nr_overcommit_hugepages", shown: plain, AnswerModel.sysfs),
    Knob(large + "nr_hugepages", AnswerModel.sysfs),
    Knob(large + "nr_hugepages_mempolicy", AnswerModel.sysfs),
    Knob(large + "nr_overcommit_hugepages", shown: plain) {
      $0.isEmpty || isYoung ? AnswerModel.sysfs($0) : .refused("EINVAL")
    },
    Knob(large + "demote", AnswerModel.sysfs),
    Knob(large + "demote_size") { AnswerModel.size($0, wanted: 2 << 20) },
    Knob("/proc/sys/vm/nr_hugepages") { AnswerModel.sysctl($0, unsigned) },
    Knob("/proc/sys/vm/nr_hugepages_mempolicy") { AnswerModel.sysctl($0, unsigned) },
    Knob("/proc/sys/vm/nr_overcommit_hugepages", shown: plain) {
      AnswerModel.sysctl($0, unsigned)
    },
    Knob("/proc/sys/vm/hugetlb_shm_group", shown: plain) { AnswerModel.sysctl($0, int32) },
    Knob("/proc/sys/vm/compact_memory") { AnswerModel.sysctl($0, 1...1) },
    Knob("/proc/sys/vm/min_free_kbytes", shown: plain) { AnswerModel.sysctl($0, positiveInt32) },
    Knob("/proc/sys/vm/lowmem_reserve_ratio", AnswerModel.ratios),
    Knob("/proc/sys/vm/watermark_scale_factor", shown: plain) {
      AnswerModel.sysctl($0, 1...Int128(design.interface.largestScaleFactor))
    },
    Knob("/proc/sys/vm/percpu_pagelist_high_fraction", shown: plain) { text in
      let answer = AnswerModel.sysctl(text, positiveInt32)
      if case .taken(_, let value?) = answer, (1...7).contains(value) { return .refused("EINVAL") }
      return answer
    },
    Knob(system + "memory/auto_online_blocks") {
      let taken = Answer.taken(0, value: nil)
      return AnswerModel.word(
        $0,
        ["offline": taken, "online": taken, "online_kernel": taken, "online_movable": taken])
    },
    Knob(system + "memory/memory1/state") {
      // What the kernel has there cannot be moved, and what is online does not go online.
      AnswerModel.word($0, ["offline": .refused("EBUSY")])
    },
    Knob(system + "memory/memory1/online") {
      let hasEnabled = design.bootParameters.switchWords == .enabledAndDisabled
      return AnswerModel.boolean(
        $0, on: hasEnabled ? "yte1" : "yt1", off: hasEnabled ? "nfd0" : "nf0", refusal: "EBUSY")
    },
    Knob(system + "node/node0/compact") { .taken(min($0.count, 4096), value: nil) },
    Knob(system + "node/node1/hugepages/hugepages-2048kB/nr_hugepages", AnswerModel.sysfs),
    Knob(system + "node/node1/hugepages/hugepages-1048576kB/nr_hugepages", AnswerModel.sysfs),
    Knob(system + "node/node1/hugepages/hugepages-1048576kB/demote", AnswerModel.sysfs),
    Knob(system + "node/node1/hugepages/hugepages-1048576kB/demote_size") {
      AnswerModel.size($0, wanted: 2 << 20)
    },
  ]
  if design.interface.hasProbe {
    result.append(
      Knob(system + "memory/probe") { AnswerModel.probe($0, memory: 384 << 20) })
  }
  if design.hotplug.choosesZones { result += zoneKnobs(design) }
  if design.vmemmap.hasRuntimeSwitch {
    result.append(
      Knob("/proc/sys/vm/hugetlb_optimize_vmemmap", shown: { $0 == 0 ? "0\n" : "1\n" }) {
        AnswerModel.sysctl($0, int32)
      })
  }
  if design.pools.hasMovableGiganticSwitch {
    result.append(
      Knob("/proc/sys/vm/movable_gigantic_pages", shown: plain) { AnswerModel.sysctl($0, int32) })
  }
  return result
}

/// Those about the zone that added memory goes to.
private func zoneKnobs(_ design: KernelDesign) -> [Knob] {
  let parameters = "/sys/module/memory_hotplug/parameters/"
  let taken = Answer.taken(0, value: nil)
  let hasEnabled = design.bootParameters.switchWords == .enabledAndDisabled
  return [
    Knob(parameters + "online_policy") {
      AnswerModel.word($0, ["contig-zones": taken, "auto-movable": taken])
    },
    Knob(parameters + "auto_movable_ratio", shown: { "\($0)\n" }) {
      AnswerModel.unsigned($0, upTo: UInt(UInt32.max))
    },
    Knob(parameters + "auto_movable_numa_aware") {
      AnswerModel.boolean(
        $0, on: hasEnabled ? "yte1" : "yt1", off: hasEnabled ? "nfd0" : "nf0", refusal: nil)
    },
  ]
}
