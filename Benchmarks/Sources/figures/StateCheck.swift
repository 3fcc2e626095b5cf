// SPDX-License-Identifier: Apache-2.0

import Workloads

/// What it costs to check the whole state of a host of 1 GiB.
enum StateCheck {
  /// - Unit: nanoseconds.
  private static let limit = 50e6

  /// Measures `rounds` checks of each host, after one that is not counted.
  static func figures(rounds: Int) throws -> [Figure] {
    try CheckedHost.Load.allCases.map { load in
      let host = try CheckedHost(load)
      var violations = host.check()
      var times = Sample()
      for _ in 0..<rounds { times.add(nanoseconds { violations += host.check() }) }
      guard violations == 0 else { throw FigureError.unsound }
      return .limited(
        "full check of a 1 GiB twin, \(load.rawValue)", value: times.median.time,
        ratio: "\((1e9 / times.median).text()) checks a second",
        spread: "\(times.least.time) .. \(times.most.time)", is: times.median, atMost: limit,
        written: "<= 50 ms")
    }
  }
}
