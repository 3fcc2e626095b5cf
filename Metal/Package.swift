// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// As strict as the core: each raw operation is written `unsafe`.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Flags for bare metal stand in Image/, in a toolset for each architecture, so that this manifest and
// the core's need none. `./dev metal build` names it.
let package = Package(
  name: "swift-vmemmap-metal",
  dependencies: [.package(name: "swift-vmemmap", path: "..")],
  targets: [
    // What is not Swift: entry, vectors, the trampoline, and instructions as functions.
    .target(name: "CMetal"),
    .executableTarget(
      name: "Kernel",
      dependencies: ["CMetal", .product(name: "KernelMemory", package: "swift-vmemmap")],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
