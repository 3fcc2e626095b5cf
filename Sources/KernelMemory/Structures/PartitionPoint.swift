// SPDX-License-Identifier: Apache-2.0

extension Array {
  /// The index of the first element for which `isBehind` holds, or the count if there is none.
  ///
  /// - Precondition: it holds for all elements after one for which it holds.
  /// - Complexity: O(log *n*)
  func partitionPoint(_ isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low &+ (high &- low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle &+ 1 }
    }
    return low
  }
}
