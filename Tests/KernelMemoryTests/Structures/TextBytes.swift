// SPDX-License-Identifier: Apache-2.0

/// The bytes of `text`, starting at an index other than zero, as slices of files do.
func textBytes(_ text: String) -> ArraySlice<UInt8> {
  ([0x21] + Array(text.utf8)).dropFirst()
}
