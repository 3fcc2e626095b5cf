// SPDX-License-Identifier: Apache-2.0

/// Who runs when, while several CPUs are at work and never two at once.
///
/// A CPU goes on until it must wait or is done; then the next one that can goes on, in order of their
/// numbers. A schedule is the list of exceptions to that.
public struct Schedule: Equatable, Sendable {
  /// An exception: at step number `step`, CPU `cpu` goes on.
  public struct Switch: Equatable, Sendable {
    /// The steps of all CPUs before it; 0 is the choice of who begins.
    public var step: Int
    /// Who goes on.
    public var cpu: Int

    public init(step: Int, cpu: Int) { (self.step, self.cpu) = (step, cpu) }
  }

  /// The exceptions, by ascending step.
  public var switches: [Switch]

  public init(_ switches: [Switch] = []) { self.switches = switches }
}

extension Schedule: CustomStringConvertible {
  /// The switches as they are typed: `12:1 37:0`; nothing for the schedule without exceptions.
  public var description: String {
    switches.map { "\($0.step):\($0.cpu)" }.joined(separator: " ")
  }

  /// Reads what ``description`` wrote.
  ///
  /// - Throws: ``ScheduleTextError``.
  public init(parsing text: some StringProtocol) throws(ScheduleTextError) {
    switches = []
    for word in text.split(separator: " ") {
      let numbers = word.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let step = numbers[0], let cpu = numbers[1], step >= 0, cpu >= 0,
        step > switches.last?.step ?? -1
      else { throw .notASwitch(String(word)) }
      switches.append(Switch(step: step, cpu: cpu))
    }
  }
}

/// Why a text is no schedule.
public enum ScheduleTextError: Error, Equatable, Sendable {
  /// The text has no `kernel format: operation | operation @ switches`.
  case malformed
  /// There is no such kernel.
  case unknownKernel(String)
  /// No exploration runs on machines with this format.
  case unknownFormat(String)
  /// There is no such operation.
  case unknownOperation(String)
  /// The word is no `step:cpu`, or its step is not behind the one before.
  case notASwitch(String)
}
