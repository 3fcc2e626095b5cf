// SPDX-License-Identifier: Apache-2.0

/// Whether a host's kernel can optimise the vmemmap of huge pages, and whether it does now.
public struct HVOSupport: Hashable, Codable, Sendable {
  /// What happens to the next huge page that enters a pool.
  public var state: State
  /// What decided ``state``.
  public var reason: Reason
  /// What `/proc/sys/vm/hugetlb_optimize_vmemmap` says; `nil` if it is not there.
  public var knob: Bool?
  /// Whether the kernel was built with HVO; `nil` if its configuration is not readable.
  public var isConfigured: Bool?
  /// Whether it was built to start with HVO on.
  public var isDefaultOn: Bool?
  /// The text after `hugetlb_free_vmemmap=` on the kernel's command line.
  public var bootParameter: String?

  /// What happens to the next huge page that enters a pool.
  public enum State: String, Hashable, Codable, Sendable {
    /// Its vmemmap is optimised.
    case on
    /// Its vmemmap stays whole, but the kernel could optimise it.
    case off
    /// This kernel cannot optimise it.
    case unavailable
    /// The host does not say.
    case unknown
  }

  /// What decided the state.
  public enum Reason: String, Hashable, Codable, Sendable {
    /// The knob exists and was read.
    case knob
    /// The kernel has no knob yet: only the boot parameter counts.
    case bootParameterOnly
    /// The kernel is older than the feature.
    case kernelTooOld
    /// No kernel of this version has the feature on this architecture.
    case architecture
    /// The kernel was built without it.
    case notConfigured
    /// The other knobs of huge pages are there, this one is not.
    case knobAbsent
    /// Nothing that was readable decides it.
    case notReadable
  }

  /// Whether writing the knob changes the state.
  public var canSwitchAtRunTime: Bool { knob != nil }

  /// The reason as a sentence for people.
  public var explanation: String {
    switch reason {
    case .knob:
      "/proc/sys/vm/hugetlb_optimize_vmemmap reads \(knob == true ? "1" : "0")"
    case .bootParameterOnly:
      "this kernel has no switch at run time; hugetlb_free_vmemmap= decides at boot"
    case .kernelTooOld: "the kernel is older than 5.14, the first with the feature"
    case .architecture: "kernels of this version do not have it on this architecture"
    case .notConfigured: "the kernel was built without CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP"
    case .knobAbsent:
      "the kernel has no vm.hugetlb_optimize_vmemmap: it was built without the feature, "
        + "or none of its huge page sizes can be optimised"
    case .notReadable: "neither the switch nor the kernel's configuration could be read"
    }
  }
}
