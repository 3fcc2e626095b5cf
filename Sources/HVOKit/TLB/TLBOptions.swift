// SPDX-License-Identifier: Apache-2.0

/// What the user asked of the TLB model, as it was typed.
public struct TLBOptions: Equatable, Sendable {
  /// The processor.
  public var cpu: String
  /// Who uses the table: a name, or a file.
  public var workload: String
  /// The size of the table.
  public var table: String?
  /// How often it is looked at.
  public var lookups: String?
  /// The kernel that maps it.
  public var kernel: String?
  /// Whether the machine is a guest.
  public var isGuest: Bool
  /// The host's pages.
  public var hostPages: String?
  /// Whether pages that lie together share entries.
  public var coalesces: Bool
  /// The hardware threads at work.
  public var threads: String?
  /// Where random numbers start.
  public var seed: String?

  /// Creates options; what is `nil` was not said.
  public init(
    cpu: String, workload: String, table: String? = nil, lookups: String? = nil,
    kernel: String? = nil, isGuest: Bool = false, hostPages: String? = nil,
    coalesces: Bool = false, threads: String? = nil, seed: String? = nil
  ) {
    (self.cpu, self.workload, self.table, self.lookups) = (cpu, workload, table, lookups)
    (self.kernel, self.isGuest, self.hostPages) = (kernel, isGuest, hostPages)
    (self.coalesces, self.threads, self.seed) = (coalesces, threads, seed)
  }
}
