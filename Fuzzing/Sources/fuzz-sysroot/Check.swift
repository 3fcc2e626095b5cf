// SPDX-License-Identifier: Apache-2.0

import HVOKit
import KernelMemory
import LinuxHost
import SystemPackage

/// Reads the host whose files `text` holds, lays out its twin, and boots it if it is small.
func check(_ text: [UInt8]) {
  let archive = HostArchive(text)
  let folder = archive.isOverlay ? HostFolder.whole : HostFolder.empty
  folder.with(archive.files) { checkHost(at: folder.path) }
}

private func checkHost(at path: String) {
  if let host = try? HostReader(root: FilePath(path)).read() { checkDescription(host) }
  guard let twin = try? TwinBuilder(MachineOptions(sysroot: path)).build() else { return }
  let map = twin.specification.configuration.memoryMap
  for (entry, next) in zip(map.entries, map.entries.dropFirst()) {
    precondition(entry.range.upperBound <= next.range.lowerBound, "a twin's map is in order")
  }
  guard map.usableByteCount <= 1 << 30, twin.specification.cpuCount <= 64,
    let booted = try? Twin(twin.specification)
  else { return }
  let violations = booted.subsystem.checkInvariants()
  precondition(violations.isEmpty, "a twin that boots is sound: \(violations)")
}

private func checkDescription(_ host: HostDescription) {
  for (entry, next) in zip(host.memoryMap, host.memoryMap.dropFirst()) {
    precondition(entry.end <= next.start, "a host's map is in order")
  }
  precondition(host.memoryMap.allSatisfy { $0.start < $0.end }, "no entry is empty")
  precondition(!host.processors.online.isEmpty, "somebody runs the kernel")
  let texts = host.notes.map(\.description) + [host.commandLine ?? "", host.architecture]
  for text in texts {
    let isPlain = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    precondition(isPlain, "no text moves a cursor: \(text)")
  }
}
