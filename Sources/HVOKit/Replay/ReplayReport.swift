// SPDX-License-Identifier: Apache-2.0

/// What came of replaying records.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct ReplayReport: Encodable, Sendable {
  public let schema = "hvo.replay"
  public let version = 1
  public var records: [Replayed] = []

  /// One record.
  public struct Replayed: Encodable, Sendable {
    /// The record's file.
    public var file: String
    /// The situation and the kernel.
    public var record: String
    public var about: String
    public var stepCount: Int
    public var differences: [Difference]
  }

  /// Creates an empty report.
  public init() {}

  /// The number of differences in all records.
  public var differenceCount: Int { records.reduce(0) { $0 + $1.differences.count } }

  private enum CodingKeys: String, CodingKey {
    case schema, version, records
  }

  /// Replays the record in `file` on a twin and adds what came of it.
  ///
  /// - Throws: ``InputError`` if the file is no record or its machine does not boot.
  public mutating func replay(_ file: String) throws(InputError) {
    let record: Record
    do throws(RecordError) {
      record = try Record(contentsOf: file)
    } catch {
      throw InputError("\(error)")
    }
    var target: TwinTarget
    do throws(InputError) {
      target = try TwinTarget(record)
    } catch {
      throw InputError("\(file): \(error)")
    }
    records.append(
      Replayed(
        file: file, record: "\(record)", about: record.about, stepCount: record.steps.count,
        differences: RecordReplay(record).run(on: &target)))
  }

  /// The last record's lines for people.
  public func textOfLast(_ style: TextStyle) -> [String] {
    guard let last = records.last else { return [] }
    let steps = ByteText.count(UInt(last.stepCount), "step")
    guard !last.differences.isEmpty else {
      return ["\(style.good("same")) \(last.record): \(steps)"]
    }
    let count = ByteText.count(UInt(last.differences.count), "difference")
    return ["\(style.bad("DIFFERS")) \(last.record): \(steps), \(count)"]
      + last.differences.map { "  \($0)" }
  }
}
