// SPDX-License-Identifier: Apache-2.0

/// What the user said about the machine and the kernel to imitate, as it was typed.
public struct MachineOptions: Equatable, Sendable {
  /// A directory of copied files to read instead of this host's.
  public var sysroot: String?
  /// The memory of each node; then no host is read.
  public var memory: String?
  /// The architecture.
  public var architecture: String?
  /// The kernel.
  public var kernel: String?
  /// The number of CPUs.
  public var cpus: String?

  /// Creates options; what is `nil` was not said.
  public init(
    sysroot: String? = nil, memory: String? = nil, architecture: String? = nil,
    kernel: String? = nil, cpus: String? = nil
  ) {
    (self.sysroot, self.memory, self.architecture) = (sysroot, memory, architecture)
    (self.kernel, self.cpus) = (kernel, cpus)
  }
}
