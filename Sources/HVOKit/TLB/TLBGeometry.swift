// SPDX-License-Identifier: Apache-2.0

/// What a processor remembers of its page tables, as data: how many translations of which pages, and
/// how they are laid out.
///
/// ```
/// load ─▶ first level, an array for each size of pages or one for all
///            │ not there
///            ▼
///         second level, shared by several sizes ─▶ not there: a walk
/// ```
///
/// - Source: spec 09 section 9.1, which says where each number was published.
struct TLBGeometry: Equatable, Sendable {
  /// Entries that are sought together.
  struct Part: Equatable, Sendable {
    /// The sizes of pages whose translations are kept here.
    ///
    /// - Unit: bytes.
    var pageSizes: [UInt]
    /// How many there are.
    var entryCount: Int
    /// How many of them one page may lie in.
    var wayCount: Int

    /// The groups of entries that a page's number chooses from.
    ///
    /// Where ways are skewed the quotient is no whole number, and some entries are left out.
    var setCount: Int { max(1, entryCount / wayCount) }
  }

  /// The name by which a user asks for it.
  var name: String
  /// What people call it.
  var title: String
  /// The architecture, as ``ArchitectureChoice`` names it.
  var architecture: String
  var firstLevel: [Part]
  var secondLevel: [Part]
  /// The base pages that can share an entry if they lie together; 1 if none can.
  var coalescedPageCount: UInt
  /// Whether the second level keeps parts of 2 MiB instead of a page of 1 GiB.
  var splitsGigabytePages: Bool
  /// The hardware threads that share all of this.
  var threadCount: Int
  /// Whether no vendor's document is known that says all of this.
  var isUnverified: Bool
}

extension TLBGeometry.Part {
  /// The part in a few words.
  var phrase: String {
    let sizes = pageSizes.map(ByteText.pageSize)
    let ways = wayCount == entryCount ? "fully associative" : "\(wayCount)-way"
    let pages =
      sizes.count > 3 ? "\(sizes[0]) to \(sizes[sizes.count - 1])" : sizes.joined(separator: "+")
    return "\(ByteText.grouped(UInt(entryCount))) × \(pages), \(ways)"
  }
}

extension TLBGeometry {
  /// The geometry called `name`.
  ///
  /// - Throws: ``InputError`` with the names that there are.
  static func named(_ name: String) throws(InputError) -> TLBGeometry {
    guard let geometry = all.first(where: { $0.name == name.lowercased() }) else {
      throw InputError(
        "--cpu: no processor is called \(InputError.quote(name)); "
          + "choose one of \(all.map(\.name).joined(separator: ", "))")
    }
    return geometry
  }
}
