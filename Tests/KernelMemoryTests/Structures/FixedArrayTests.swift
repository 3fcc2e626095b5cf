// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Fixed arrays` {
  @Test func `a value is changed where it lies, and its neighbours are not`() {
    let array = FixedArray(repeating: 7, count: 3)
    let before = array.update(1) { value in
      defer { value += 1 }
      return value
    }
    #expect(before == 7)
    let values = (0..<array.count).map { array[$0] }
    #expect(values == [7, 8, 7])
  }

  @Test func `an index outside traps`() async {
    await #expect(processExitsWith: .failure) {
      let array = FixedArray(repeating: 0, count: 3)
      array.update(3) { $0 = 1 }
    }
    await #expect(processExitsWith: .failure) {
      let array = FixedArray(repeating: 0, count: 3)
      _ = array[-1]
    }
  }
}

@Suite struct `Tables of objects` {
  /// Counts its kind that live.
  private final class Guest: Sendable {
    let number: Int
    let onLeaving: @Sendable () -> Void

    init(_ number: Int, onLeaving: @escaping @Sendable () -> Void = {}) {
      self.number = number
      self.onLeaving = onLeaving
    }

    deinit { onLeaving() }
  }

  @Test func `objects are found at their places, one by one and in turn`() {
    let table = ObjectTable((0..<5).map { Guest($0 * 10) })
    #expect(table.map(\.number) == [0, 10, 20, 30, 40])
    #expect(table[3].number == 30)
    #expect(table.with(4) { $0.number } == 40)
    #expect(ObjectTable<Guest>([]).isEmpty)
  }

  @Test func `objects live as long as the table, or as somebody keeps them`() async {
    await confirmation(expectedCount: 3) { left in
      var table: ObjectTable<Guest>? = ObjectTable(
        (0..<3).map { number in Guest(number) { left() } })
      let kept = table?[1]
      table = nil
      #expect(kept?.number == 1)
    }
  }

  @Test func `an index outside traps`() async {
    await #expect(processExitsWith: .failure) {
      let table = ObjectTable([Guest(1)])
      table.with(1) { _ in }
    }
  }
}
