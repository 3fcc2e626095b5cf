// SPDX-License-Identifier: Apache-2.0

/// What libFuzzer calls with each input.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe check([UInt8](UnsafeBufferPointer(start: start, count: count)))
  return 0
}
