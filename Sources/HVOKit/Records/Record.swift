// SPDX-License-Identifier: Apache-2.0

/// What one real kernel did in one situation: a machine, how it looked after boot, and steps.
///
/// A record is evidence: it is read, replayed and compared, never changed.
public struct Record: Equatable, Sendable {
  /// The situation, such as `a1-grow-shrink-2m`.
  public var name: String
  public var kernel: RecordedKernel
  /// One sentence about the situation.
  public var about: String
  public var machine: RecordedMachine
  /// How the machine looked when it had booted.
  public var boot: Observation
  public var steps: [RecordStep]
  /// Why later steps of the original are missing, if any are.
  public var endsEarly: String?
}

/// Some actions and what could be seen after them.
public struct RecordStep: Equatable, Sendable {
  public var name: String
  public var actions: [RecordedAction]
  /// `nil` where nothing was observed.
  public var after: Observation?
  /// Whether `MemTotal` is a matter of mechanism still, not of which folios were taken again.
  public var memTotalIsExact: Bool
  /// How many huge pages depend on chance here, because the request did not fit or memory was
  /// scarce.
  public var poolSlack: Int?
}

extension RecordStep {
  /// The name of the step in which recorded kernels load the modules with drivers of devices.
  static let moduleStep = "modules"
}

extension Record: CustomStringConvertible {
  /// The situation and the kernel, as record files are named.
  public var description: String { "\(name).\(kernel.rawValue)" }
}
