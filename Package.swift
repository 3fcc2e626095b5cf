// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// The folders of `Sources/KernelMemory`, lowest layer first.
///
/// A layer may name only itself and the layers before it; `./dev layers` proves it.
let layers = [
  "Units", "Machine", "Structures", "PageTables", "BootMemory", "MemoryModel", "PageAllocator",
  "Vmemmap", "HugeTLB", "Hotplug", "ZoneDevice", "Vmalloc", "Subsystem", "Interface",
]

/// What every target is built with: each raw operation is written `unsafe`, and nothing that
/// Embedded Swift refuses gets past a hosted build.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .treatWarning("EmbeddedRestrictions", as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Targets above the core may use existentials and untyped errors.
let hosted: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "swift-vmemmap",
  products: [
    .library(name: "KernelMemory", targets: ["KernelMemory"]),
    .library(name: "KernelMemoryLab", targets: ["KernelMemoryLab"]),
    .executable(name: "hvo", targets: ["hvo"]),
    // For the fuzzers, which are a package of their own: see Fuzzing.
    .library(name: "HVOKit", targets: ["LinuxHost", "HVOKit"]),
    .library(name: "CommandLineModel", targets: ["CommandLineModel"]),
    // For the faults on purpose, likewise: see Mutation.
    .library(name: "SeededBugs", targets: ["SeededBugs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    .target(name: "KernelMemory", sources: layers, swiftSettings: strict),
    .target(
      name: "KernelMemoryLab", dependencies: ["KernelMemory"], swiftSettings: hosted),
    .target(
      name: "LinuxHost",
      dependencies: [.product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: hosted),
    .target(
      name: "HVOKit",
      dependencies: [
        "KernelMemory", "KernelMemoryLab", "LinuxHost",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: hosted),
    .executableTarget(
      name: "hvo",
      dependencies: [
        "HVOKit", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: hosted),
    .target(
      name: "TestSupport", dependencies: ["KernelMemory", "KernelMemoryLab"],
      path: "Tests/TestSupport",
      swiftSettings: hosted),
    .target(
      name: "CommandLineModel", dependencies: ["KernelMemory", "KernelMemoryLab"],
      path: "Tests/CommandLineModel",
      swiftSettings: hosted),
    .target(name: "SeededBugs", path: "Tests/SeededBugs", swiftSettings: hosted),
    .testTarget(
      name: "KernelMemoryTests",
      dependencies: ["KernelMemory", "KernelMemoryLab", "TestSupport", "CommandLineModel"],
      swiftSettings: hosted),
    .testTarget(
      name: "KernelMemoryLabTests", dependencies: ["KernelMemory", "KernelMemoryLab"],
      swiftSettings: hosted),
    .testTarget(
      name: "LinuxHostTests", dependencies: ["LinuxHost"], resources: [.copy("Fixtures")],
      swiftSettings: hosted),
    .testTarget(
      name: "HVOKitTests", dependencies: ["HVOKit", "KernelMemoryLab", "TestSupport"],
      swiftSettings: hosted),
    .testTarget(
      name: "ConformanceTests", dependencies: ["HVOKit", "SeededBugs"],
      resources: [.copy("Golden")],
      swiftSettings: hosted),
  ],
  swiftLanguageModes: [.v6]
)
