// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// How the code came where it is: the return addresses along the chain of frame pointers.
///
/// `./dev metal symbolise` turns the lines into names.
enum Backtrace {
  /// What a damaged chain may cost.
  private static var longest: Int { 64 }

  /// Prints one line for each frame from `framePointer` on.
  static func write(from framePointer: UInt) {
    var frame = framePointer
    for _ in 0..<longest {
      var next: UInt = 0
      var address: UInt = 0
      guard frame != 0, frame % 8 == 0, read(frame, &next), read(frame &+ 8, &address),
        address != 0
      else { return }
      // The call stands before the address to return to.
      line(address &- 1)
      guard next > frame else { return }
      frame = next
    }
  }

  /// Prints the line of one address.
  static func line(_ address: UInt) {
    SerialPort.write("  at ")
    SerialPort.writeHex(address)
    SerialPort.write("\n")
  }

  private static func read(_ address: UInt, _ value: inout UInt) -> Bool {
    unsafe withUnsafeMutablePointer(to: &value) {
      metal_try_load(address, UInt(bitPattern: $0)) != 0
    }
  }
}
