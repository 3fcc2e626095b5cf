// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension ScriptOutcome.Result {
  /// What went otherwise than wanted; empty if nothing did.
  var phrase: String {
    switch self {
    case .succeeded, .failedAsExpected, .skipped: ""
    case .failed(let error): error.phrase
    case .unmet(let wanted, let found):
      "wanted \(Self.quote(wanted)), found \(Self.quote(found))"
    case .violated(let count): "\(ByteText.count(UInt(count), "invariant")) violated"
    case .nothingThere: "there is no such CPU, node, size of pages, mapping or area"
    }
  }

  private static func quote(_ bytes: [UInt8]) -> String {
    InputError.quote(String(decoding: bytes, as: UTF8.self))
  }
}
