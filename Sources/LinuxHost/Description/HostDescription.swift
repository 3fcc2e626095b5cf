// SPDX-License-Identifier: Apache-2.0

/// What a Linux host says about its memory, as one plain value.
///
/// A description is read once and never asks the host again. Every fact that the host would not
/// tell is either `nil`, or worked out from another one; ``provenance`` says from where each fact
/// came, and ``notes`` what could not be read and why.
///
/// - Unit: bytes for sizes and addresses, base pages where a name says pages or frames.
public struct HostDescription: Hashable, Codable, Sendable {
  /// The machine's name as `uname -m` prints it, or `unknown`.
  public var architecture: String
  /// The kernel's full release, for example `6.12.95-amd64`.
  public var kernelRelease: String?
  /// The first two numbers of the release.
  public var kernelVersion: KernelVersion?
  /// The boot parameters the kernel was started with.
  public var commandLine: String?
  /// Bytes in one base page.
  public var pageSize: UInt
  /// The processors and what their page tables can do.
  public var processors: Processors
  /// The totals of `/proc/meminfo`.
  public var memory: MemoryTotals
  /// The physical address space, sorted and without overlaps.
  public var memoryMap: [MemoryMapEntry]
  /// The memory blocks, if the kernel has memory hotplug.
  public var memoryBlocks: MemoryBlocks?
  /// The populated zones.
  public var zones: [Zone]
  /// The NUMA nodes by number; at least one.
  public var nodes: [Node]
  /// The huge page pools by size.
  public var hugePages: [HugePages]
  /// The kernel's own count of vmemmap pages.
  public var vmemmapPages: VmemmapPages
  /// Whether the host can optimise the vmemmap of huge pages, and whether it does.
  public var hvo: HVOSupport
  /// The `memory_hotplug.memmap_on_memory` parameter, if the kernel has it.
  public var memmapOnMemory: MemmapOnMemory?
  /// Where each fact came from.
  public var provenance: [Provenance]
  /// What could not be read, and what was done instead.
  public var notes: [Note]
}

extension HostDescription {
  /// The first two numbers of a kernel release.
  public struct KernelVersion: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// The number before the first dot.
    public var major: UInt
    /// The number after it.
    public var minor: UInt

    /// Creates the version `major.minor`.
    public init(_ major: UInt, _ minor: UInt) {
      self.major = major
      self.minor = minor
    }

    public static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

    public var description: String { "\(major).\(minor)" }
  }

  /// The processors that are online.
  public struct Processors: Hashable, Codable, Sendable {
    /// Their numbers, ascending; at least one.
    public var online: [Int]
    /// Whether the page tables in use have five levels (`la57`); `nil` if the host does not say.
    public var hasFiveLevelPaging: Bool?
    /// Whether 1 GiB leaves exist (`pdpe1gb`); `nil` if the host does not say.
    public var hasGigabytePages: Bool?
    /// Bits in a physical address.
    public var physicalAddressBits: UInt?
  }

  /// The totals of `/proc/meminfo`.
  ///
  /// - Unit: bytes.
  public struct MemoryTotals: Hashable, Codable, Sendable {
    /// Memory under the page allocator: without the kernel image and the boot-time vmemmap.
    public var total: UInt?
    /// Memory on the free lists.
    public var free: UInt?
    /// What can be had without swapping.
    public var available: UInt?
    /// Memory in the huge page pools of all sizes.
    public var hugeTLB: UInt?
    /// How the direct map is mapped, smallest page first; x86 and s390 only.
    public var directMap: [DirectMap]
  }

  /// The part of the direct map that uses one size of page.
  ///
  /// - Unit: bytes.
  public struct DirectMap: Hashable, Codable, Sendable {
    /// Bytes of one such page.
    public var pageBytes: UInt
    /// Memory mapped with it.
    public var bytes: UInt
  }

  /// The kernel's count of pages that hold page descriptors; absent before Linux 6.12.
  ///
  /// - Unit: base pages.
  public struct VmemmapPages: Hashable, Codable, Sendable {
    /// Pages allocated at run time.
    ///
    /// - Linux: `nr_memmap_pages`.
    public var runTime: UInt?
    /// Pages that boot memory still provides.
    ///
    /// - Linux: `nr_memmap_boot_pages`.
    public var boot: UInt?
  }

  /// Whether hot-added memory holds its own vmemmap.
  public enum MemmapOnMemory: String, Hashable, Codable, Sendable {
    /// It does not (`N`).
    case off
    /// It does where that wastes nothing (`Y`).
    case on
    /// It does even where that wastes memory (`force`).
    case force
  }
}
