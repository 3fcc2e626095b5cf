// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Puts faults into a copy of the package and looks who notices: `./dev mutate`, `./dev bugs`.
let package = Package(
  name: "swift-vmemmap-mutation",
  dependencies: [
    .package(name: "swift-vmemmap", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "mutate",
      dependencies: [
        .product(name: "SeededBugs", package: "swift-vmemmap"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict)
  ],
  swiftLanguageModes: [.v6]
)
