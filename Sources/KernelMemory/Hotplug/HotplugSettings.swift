// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How added memory goes online.
///
/// Raw values are the places of the words in ``words``.
///
/// - Linux: `enum mmop`.
public enum OnlineType: Int, CaseIterable, Sendable {
  /// Not at all.
  case offline
  /// In the zone that the policy chooses.
  case online
  /// As memory for the kernel.
  case onlineKernel
  /// As movable memory.
  case onlineMovable

  /// The words by which files and the command line name the types.
  static var words: [StaticString] { ["offline", "online", "online_kernel", "online_movable"] }

  /// The type that a text names.
  init?(_ text: ArraySlice<UInt8>) {
    guard let index = Parsing.sysfsWordIndex(of: text, in: Self.words) else { return nil }
    self.init(rawValue: index)
  }

  /// The word that names the type.
  var word: StaticString { Self.words[rawValue] }
}

/// How a zone is chosen for memory of which nobody says what it is for.
public enum OnlinePolicy: Int, CaseIterable, Sendable {
  /// The one that it lies next to.
  case contiguousZones
  /// Movable, as long as there is enough memory for the kernel.
  case autoMovable

  /// The words by which files and the command line name the policies.
  static var words: [StaticString] { ["contig-zones", "auto-movable"] }

  /// The policy that a text names.
  init?(_ text: ArraySlice<UInt8>) {
    guard let index = Parsing.sysfsWordIndex(of: text, in: Self.words) else { return nil }
    self.init(rawValue: index)
  }

  /// The word that names the policy.
  var word: StaticString { Self.words[rawValue] }
}

/// What an administrator has a say in when memory comes and goes.
///
/// Files change the settings at any time; what is under way may go by old or new ones.
final class HotplugSettings: Sendable {
  /// Whether added memory holds its own descriptors; fixed at boot.
  let memmapOnMemory: MemmapOnMemoryMode
  /// Whether nothing but hot-pluggable memory needs to be movable; fixed at boot.
  let keepsHotPluggableMemoryMovable: Bool
  private let storedDefaultType: Atomic<Int>
  private let storedPolicy: Atomic<Int>
  /// How much movable memory the policy allows, in per cent of the kernel's.
  ///
  /// - Linux: `auto_movable_ratio`.
  let autoMovableRatio = Atomic<UInt>(301)
  /// Whether the policy looks at each node, too.
  ///
  /// - Linux: `auto_movable_numa_aware`.
  let isAutoMovableNodeAware = Atomic<Bool>(true)

  /// What becomes of memory that is added.
  var defaultType: OnlineType {
    get { OnlineType(rawValue: storedDefaultType.load(ordering: .relaxed)) ?? .offline }
    set { storedDefaultType.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// How zones are chosen.
  var policy: OnlinePolicy {
    get { OnlinePolicy(rawValue: storedPolicy.load(ordering: .relaxed)) ?? .contiguousZones }
    set { storedPolicy.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Settings as the command line leaves them; values that the kernel refuses change nothing.
  init(_ parameters: BootParameters, _ rules: BootParameterRules, _ kernel: HotplugPolicy) {
    memmapOnMemory = Self.mode(parameters.memmapOnMemory, rules, kernel)
    keepsHotPluggableMemoryMovable = parameters.keepsHotPluggableMemoryMovable
    let type = parameters.addedMemoryStates.compactMap { OnlineType($0) }.last ?? .offline
    storedDefaultType = Atomic(type.rawValue)
    storedPolicy = Atomic(OnlinePolicy.contiguousZones.rawValue)
    for option in parameters.options { read(option, rules) }
  }

  private func read(_ option: BootOption, _ rules: BootParameterRules) {
    guard let value = option.value else { return }
    if option.isNamed("memory_hotplug.online_policy"), let wanted = OnlinePolicy(value) {
      policy = wanted
    } else if option.isNamed("memory_hotplug.auto_movable_ratio"),
      let ratio = try? Parsing.sysfsUnsignedAutoBase(value), ratio <= UInt(UInt32.max)
    {
      autoMovableRatio.store(ratio, ordering: .relaxed)
    } else if option.isNamed("memory_hotplug.auto_movable_numa_aware"),
      let isAware = try? Parsing.kernelBoolean(value, words: rules.switchWords)
    {
      isAutoMovableNodeAware.store(isAware, ordering: .relaxed)
    }
  }

  /// A boolean, or the word that forces it where there is one.
  private static func mode(
    _ text: ArraySlice<UInt8>?, _ rules: BootParameterRules, _ kernel: HotplugPolicy
  ) -> MemmapOnMemoryMode {
    guard let text else { return .off }
    let isForced =
      ("force" as StaticString).isEqual(to: text) || ("FORCE" as StaticString).isEqual(to: text)
    if kernel.allowsForcing, isForced { return .forced }
    // A module parameter without a value is switched on.
    if text.isEmpty { return .on }
    return (try? Parsing.kernelBoolean(text, words: rules.switchWords)) == true ? .on : .off
  }
}
