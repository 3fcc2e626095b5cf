// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let core = Target.Dependency.product(name: "KernelMemory", package: "swift-vmemmap")
let kit = Target.Dependency.product(name: "HVOKit", package: "swift-vmemmap")
let model = Target.Dependency.product(name: "CommandLineModel", package: "swift-vmemmap")

// Build with `--sanitize fuzzer`: that brings the `main` that these programs lack, and has all of
// their code report which way it went.
let package = Package(
  name: "swift-vmemmap-fuzzing",
  dependencies: [
    .package(name: "swift-vmemmap", path: ".."),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    // What libFuzzer offers to a mutator.
    .target(name: "LibFuzzer"),
    .executableTarget(
      name: "fuzz-command-line", dependencies: [core, model, "LibFuzzer"], swiftSettings: strict),
    .executableTarget(name: "fuzz-script", dependencies: [core], swiftSettings: strict),
    .executableTarget(name: "fuzz-memory-map", dependencies: [core], swiftSettings: strict),
    .executableTarget(
      name: "fuzz-sysroot",
      dependencies: [core, kit, .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    .executableTarget(
      name: "fuzz-record", dependencies: [core, kit, "LibFuzzer"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
