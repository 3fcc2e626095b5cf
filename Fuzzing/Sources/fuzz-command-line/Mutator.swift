// SPDX-License-Identifier: Apache-2.0

import CommandLineModel
import LibFuzzer

/// What libFuzzer calls to change an input: half the time by words, half the time by bytes.
@c(LLVMFuzzerCustomMutator)
public func changeInput(
  _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: CUnsignedInt
) -> Int {
  guard seed.isMultiple(of: 2) else { return unsafe LLVMFuzzerMutate(start, count, limit) }
  let line = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  var mutator = CommandLineMutator(seed: UInt64(seed))
  let changed = mutator.mutation(of: line, limit: limit)
  let room = unsafe UnsafeMutableBufferPointer(start: start, count: limit)
  _ = unsafe room.update(fromContentsOf: changed)
  return changed.count
}
