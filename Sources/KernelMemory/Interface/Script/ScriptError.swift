// SPDX-License-Identifier: Apache-2.0

/// Why a line of a script is not understood.
public enum ScriptProblem: Error, Equatable, Sendable {
  /// There is no such command.
  case unknownCommand
  /// There is no such directive behind `#@`.
  case unknownDirective
  /// A quote is not closed.
  case unclosedQuote
  /// A pipe, variable, pattern or other thing that only a whole shell knows.
  case unsupportedSyntax
  /// Something is missing behind the command or directive.
  case missingArgument
  /// There is something too much behind the command or directive.
  case unexpectedArgument
  /// A number is not one, or is out of bounds.
  case badNumber
  /// A size is not one, or is out of bounds.
  case badSize
  /// A machine has no such property.
  case unknownProperty
  /// There is no such architecture.
  case unknownArchitecture
  /// A memory map is not one.
  case badMemoryMap
  /// Addresses for memory to come are not such.
  case badWindow
  /// There is no such kernel.
  case unknownKernel
  /// There is no error of that name.
  case unknownErrorName
  /// The directive says how the machine starts, and the machine has started.
  case tooLate

  /// A sentence for people.
  public var message: StaticString {
    switch self {
    case .unknownCommand: "there is no such command"
    case .unknownDirective: "there is no such directive"
    case .unclosedQuote: "a quote is not closed"
    case .unsupportedSyntax: "only plain words and one > are understood here"
    case .missingArgument: "something is missing at the end"
    case .unexpectedArgument: "there is something too much"
    case .badNumber: "this is no number that fits here"
    case .badSize: "this is no size that fits here"
    case .unknownProperty: "a machine has no such property"
    case .unknownArchitecture: "there is no such architecture"
    case .badMemoryMap: "this is no memory map"
    case .badWindow: "this is no window for memory to come"
    case .unknownKernel: "there is no such kernel"
    case .unknownErrorName: "there is no error of that name"
    case .tooLate: "this must come before the first command"
    }
  }
}

/// Why a script is not understood, and where.
public struct ScriptError: Error, Equatable, Sendable {
  /// The number of the line, from 1.
  public var line: Int
  /// What is wrong with it.
  public var problem: ScriptProblem
}
