// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemoryLab

/// Makes a script that ends the process by a signal as small as it can be, each trial in a process of
/// its own.
struct CrashShrinker {
  /// The program that runs scripts.
  let executable: String
  /// How long it may try.
  private static let patience = Duration.seconds(20)

  /// The lines, those that describe the machine first.
  func shrink(_ lines: [String]) -> [String] {
    let setup = lines.prefix {
      $0.hasPrefix("#@ machine") || $0.hasPrefix("#@ kernel") || $0.hasPrefix("#@ boot")
    }
    let scenario = Scenario(operations: Array(lines[setup.count...]))
    func kills(_ candidate: Scenario) -> Bool { isDeadly(Array(setup) + candidate.operations) }
    guard kills(scenario) else { return lines }
    let end = ContinuousClock.now.advanced(by: Self.patience)
    var shrinker = Shrinker(budget: 300) { ContinuousClock.now < end && kills($0) }
    return Array(setup) + shrinker.shrink(scenario).operations
  }

  /// Whether `hvo run` is ended by a signal when it runs the lines.
  private func isDeadly(_ lines: [String]) -> Bool {
    // A file and no pipe: a process that dies early would take this one with it.
    let script = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-torture-\(UUID().uuidString).hvo")
    defer { try? FileManager.default.removeItem(at: script) }
    let text = Data((lines.joined(separator: "\n") + "\n").utf8)
    guard (try? text.write(to: script)) != nil,
      let input = FileHandle(forReadingAtPath: script.path)
    else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
    process.arguments = ["run", "--check", "-"]
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }
}
