// SPDX-License-Identifier: Apache-2.0

import Foundation
import Workloads

/// One line of the table: what was measured, beside what, and what it should be.
struct Figure {
  /// Whether the target was reached.
  enum Verdict: String {
    case met = "met"
    case notMet = "NOT MET"
    case none = ""
  }

  let name: String
  let value: String
  /// What it is compared with, and how the two relate.
  var ratio = ""
  /// The range of repeated measurements.
  var spread = ""
  var target = ""
  var verdict = Verdict.none
}

extension Figure {
  /// A figure that has to stay at or below `limit`.
  static func limited(
    _ name: String, value: String, ratio: String = "", spread: String = "", is measured: Double,
    atMost limit: Double, written target: String
  ) -> Figure {
    Figure(
      name: name, value: value, ratio: ratio, spread: spread, target: target,
      verdict: measured <= limit ? .met : .notMet)
  }
}

extension Double {
  /// The number with `digits` digits behind the point.
  func text(_ digits: Int = 0) -> String { String(format: "%.\(digits)f", self) }

  /// Nanoseconds in the unit that leaves a readable number.
  var time: String {
    switch self {
    case ..<1e3: "\(text(1)) ns"
    case ..<1e6: "\((self / 1e3).text(2)) us"
    case ..<1e9: "\((self / 1e6).text(2)) ms"
    default: "\((self / 1e9).text(1)) s"
    }
  }
}

extension Sample {
  /// The range of values, as ratios.
  var spread: String { "\(least.text(2)) .. \(most.text(2))" }
}
