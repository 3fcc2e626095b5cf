// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab

/// A script with operations of the lab behind its lines, for `hvo run` or `hvo boot`.
public struct TortureScript {
  /// The whole text.
  public let text: String

  /// Reads the script at `path` and adds what `request` asks for: random operations, 1,000 if it does
  /// not say how many, or a sweep.
  ///
  /// - Throws: ``InputError`` for what cannot be read, or if there can be no such machine.
  public init(behind path: String, _ request: TortureRequest) throws(InputError) {
    let options = try request.options()
    guard request.time == nil else {
      throw InputError("--script-for takes a number of --steps, not a time")
    }
    guard request.kernels == nil, request.architectures == nil else {
      throw InputError("with --script-for the script says which kernel and machine")
    }
    let file = try ScriptFile(at: path)
    let lines: [String]
    do {
      lines = try Self.lines(behind: file.script, request, options)
    } catch let error as InputError {
      throw error
    } catch {
      throw InputError("\(file.name): there can be no such machine: \(error)")
    }
    let start = String(decoding: file.bytes, as: UTF8.self)
    let gap = start.isEmpty || start.hasSuffix("\n") ? "" : "\n"
    text = start + gap + lines.joined(separator: "\n")
  }

  private static func lines(
    behind script: Script, _ request: TortureRequest, _ options: TortureOptions
  ) throws -> [String] {
    switch request.what ?? "random" {
    case "random":
      var count = 1000
      if case .steps(let steps) = options.limit { count = steps }
      return try RandomScript(behind: script, count: count, seed: options.seed).lines
    case "sweep": return try StarvedScript(behind: script).lines
    default: throw InputError("--script-for takes --what random or --what sweep")
    }
  }
}
