// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /proc/vmstat and the nodes' vmstat (spec 10 section 4, spec 02 section 10, spec 04 section 9).

extension InterfaceTree {
  func appendVmstat(to sink: inout TextSink) {
    for counter in VmCounter.zone(policy.counters) + VmCounter.numa {
      let pages = sum(over: topology.zones) { value(of: counter.source, in: $0) }
      appendLine(counter.name, pages, to: &sink)
    }
    for counter in VmCounter.node(policy.counters) {
      appendLine(counter.name, total(of: counter.source), to: &sink)
    }
    appendLine("nr_dirty_threshold", 0, to: &sink)
    appendLine("nr_dirty_background_threshold", 0, to: &sink)
    appendVmemmapCounters(to: &sink)
    appendEvents(to: &sink)
    appendLine("nr_unstable", 0, to: &sink)
  }

  /// The counters of a node; those of the vmemmap are not kept by node.
  func appendVmstat(ofNode position: Int, to sink: inout TextSink) {
    for counter in VmCounter.zone(policy.counters) + VmCounter.numa {
      let pages = sum(over: zones(ofNode: position)) { value(of: counter.source, in: $0) }
      appendLine(counter.name, pages, to: &sink)
    }
    for counter in VmCounter.node(policy.counters) {
      appendLine(counter.name, value(of: counter.source, onNode: position), to: &sink)
    }
  }

  private func appendLine(_ name: StaticString, _ value: UInt, to sink: inout TextSink) {
    sink.append(name)
    sink.append(byte: ASCII.space)
    sink.appendDecimal(value)
    sink.newline()
  }

  private func total(of source: VmCounter.Source) -> UInt {
    if source == .pageTables { return countedTablePages }
    return topology.nodes.indices.reduce(0) { $0 &+ value(of: source, onNode: $1) }
  }

  /// Signed inside, unsigned outside: a negative count shows as a huge number.
  private func appendVmemmapCounters(to sink: inout TextSink) {
    guard subsystem.kernel.vmemmap.countsVmemmapPages else { return }
    let totals = subsystem.totals
    appendLine(
      "nr_memmap_pages", UInt(bitPattern: totals.runtimeVmemmapPageCount), to: &sink)
    appendLine(
      "nr_memmap_boot_pages", UInt(bitPattern: totals.bootVmemmapPageCount), to: &sink)
  }

  /// The events that this subsystem takes part in; others are left out.
  private func appendEvents(to sink: inout TextSink) {
    let events = allocator.events
    appendLine("pgfree", events.freedPages.load(ordering: .relaxed), to: &sink)
    appendLine(
      "htlb_buddy_alloc_success", hugeTLB.buddySuccesses.load(ordering: .relaxed), to: &sink)
    appendLine(
      "htlb_buddy_alloc_fail", hugeTLB.buddyFailures.load(ordering: .relaxed), to: &sink)
    guard showsContiguousAreas else { return }
    appendLine(
      "cma_alloc_success", events.contiguousAreaSuccesses.load(ordering: .relaxed), to: &sink)
    appendLine(
      "cma_alloc_fail", events.contiguousAreaFailures.load(ordering: .relaxed), to: &sink)
  }
}
