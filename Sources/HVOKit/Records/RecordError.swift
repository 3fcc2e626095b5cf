// SPDX-License-Identifier: Apache-2.0

/// Why a record cannot be replayed.
///
/// Every message names the file and says what to do about it.
public enum RecordError: Error, Equatable, Sendable {
  /// The file could not be read.
  case unreadable(file: String, reason: String)
  /// The file is larger than any record.
  case tooLarge(file: String, byteCount: Int, limit: Int)
  /// The file's text is not JSON, or stops in the middle.
  case notJSON(file: String, reason: String)
  /// The JSON at `place` does not say what a record says there.
  case malformed(file: String, place: String, expected: String, found: String)
}

extension RecordError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read (\(reason)); name a record's JSON file"
    case .tooLarge(let file, let byteCount, let limit):
      "\(file): \(byteCount) bytes are too many for a record; the limit is \(limit)"
    case .notJSON(let file, let reason):
      "\(file): not JSON (\(reason)); check that the file is a whole record"
    case .malformed(let file, let place, let expected, let found):
      "\(file): \(place): expected \(expected), found \(found); correct the record there"
    }
  }
}
