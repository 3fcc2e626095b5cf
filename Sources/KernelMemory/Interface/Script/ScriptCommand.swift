// SPDX-License-Identifier: Apache-2.0

/// One thing that a script does while the machine runs.
public enum ScriptCommand: Equatable, Sendable {
  /// Writes a text to a file: `echo TEXT > PATH`, `printf FORMAT > PATH`.
  case write([UInt8], to: [UInt8])
  /// Prints a text: `echo` and `printf` without a path.
  case print([UInt8])
  /// Prints files: `cat PATH…`.
  case show([[UInt8]])
  /// Prints the names in directories: `ls PATH…`.
  case list([[UInt8]])
  /// Does nothing, well: `true`, `sync`, `sleep N`.
  case nothing
  /// Makes the allocation after the next `after` ones fail, and one more after the next `then` behind
  /// it, if there is to be another.
  case failAllocation(after: UInt, then: UInt? = nil)
  /// Makes every allocation of a base page behind the next `after` allocations fail.
  case failBasePages(after: UInt)
  /// Lets allocations take their course.
  case failNothing
  /// Maps huge pages, as a process would.
  case mapHuge(HugeMapRequest)
  /// Unmaps what was mapped under a name, or everything.
  case unmap([UInt8]?)
  /// Makes a device of persistent memory.
  case daxDevice(DAXDeviceRequest)
  /// Gives memory of a device descriptors, under a name.
  case mapDevice(DeviceMapRequest)
  /// Takes the descriptors away that were given under a name.
  case unmapDevice([UInt8])
  /// Uses the page of a device at an address.
  case useDevicePage(UInt)
  /// Ends one use of it.
  case releaseDevicePage(UInt)
  /// Does what drivers do when they are loaded.
  case loadDrivers
  /// Allocates a vmalloc area, which gets a name.
  case vmalloc(VmallocRequest, as: [UInt8])
  /// Frees the vmalloc area of that name.
  case vfree([UInt8])
  /// Plugs memory in.
  case addMemory(MemoryRequest)
  /// Takes memory out that is offline: what was added under a name, or what lies somewhere.
  case removeMemory(MemoryTarget)
  /// Takes base pages as a process, under a name.
  case takePages(PagesRequest)
  /// Gives them back.
  case releasePages([UInt8])
  /// Finds that the memory at an address is bad.
  case poison(UInt)
  /// Finds that it is good again.
  case unpoison(UInt)
  /// Runs what follows on another CPU.
  case useCPU(Int)
  /// Remembers the word behind a name in a file, to see later how it has changed.
  case remember(ScriptField)
  /// Compares something with what it should be, on some kernels.
  case expect(ScriptExpectation, on: KernelSet = .all)
  /// Checks every invariant of the subsystem.
  case check
}

/// A mapping of huge pages that a script asks for.
public struct HugeMapRequest: Equatable, Sendable {
  /// What becomes of the mapping's pages at once.
  public enum Use: Equatable, Sendable {
    /// They are promised and touched.
    case touch
    /// They are promised.
    case reserve
    /// They are touched without a promise.
    case touchUnreserved
  }

  /// How many pages.
  public var pageCount: UInt
  /// The bytes of each.
  public var pageByteCount: UInt
  /// What becomes of them.
  public var use: Use
  /// The name by which they are unmapped; empty if they have none.
  public var name: [UInt8]
}

/// Base pages that a script takes.
public struct PagesRequest: Equatable, Sendable {
  /// How many.
  public var pageCount: UInt
  /// The node; nil for the first.
  public var node: NodeID?
  /// Whether they stay where they are, as the kernel's own do.
  public var isFixed: Bool
  /// The name by which they are given back.
  public var name: [UInt8]
}

/// The word behind a name in a file.
public struct ScriptField: Equatable, Sendable {
  /// What stands before the word.
  public var name: [UInt8]
  /// The file.
  public var path: [UInt8]
}

/// A device of persistent memory that a script asks for.
public struct DAXDeviceRequest: Equatable, Sendable {
  /// An address in the persistent memory.
  public var address: UInt
  /// The bytes of its pages.
  public var alignment: UInt
  /// Whether its descriptors lie on itself.
  public var describesItself: Bool
}

/// Memory of a device that a script wants descriptors for.
public struct DeviceMapRequest: Equatable, Sendable {
  /// The name by which they are taken away.
  public var name: [UInt8]
  public var type: DeviceMemoryType
  /// The first byte.
  public var start: UInt
  public var byteCount: UInt
  /// The bytes of its compound pages; 0 for single pages.
  public var pageByteCount: UInt
  /// The bytes at its start for its own descriptors.
  public var altmapByteCount: UInt
}

/// Something that a script takes for granted.
public enum ScriptExpectation: Equatable, Sendable {
  /// The file reads as the text, but for a newline at the end.
  case text([UInt8], of: [UInt8])
  /// The word behind `name` in the file is the value.
  case field(ScriptField, value: [UInt8])
  /// The number behind `name` in the file is so much greater than it was when it was remembered.
  case change(ScriptField, by: Int)
  /// The command before failed like this; nil if it did not fail.
  case error(InterfaceError?)
  /// The command before printed the text, but for a newline at the end.
  case output([UInt8])
  /// That many vmemmap pages are mapped to frames that others map too.
  case savedPages(UInt)
  /// That many huge leaves map vmalloc areas.
  case vmallocLeaves(UInt)
}

/// Memory that a script adds.
public struct MemoryRequest: Equatable, Sendable {
  /// The addresses.
  public var range: Range<PhysicalAddress>
  /// The node; nil for the one that firmware names.
  public var node: NodeID?
  /// What else is asked.
  public var options: AddOptions
  /// The name by which it is removed; empty if it has none.
  public var name: [UInt8]
}

/// Memory that a script removes.
public enum MemoryTarget: Equatable, Sendable {
  /// What was added under a name.
  case name([UInt8])
  /// What lies at some addresses.
  case range(Range<PhysicalAddress>)
}
