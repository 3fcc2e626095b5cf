// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
]

let core = Target.Dependency.product(name: "KernelMemory", package: "swift-vmemmap")

let lab = Target.Dependency.product(name: "KernelMemoryLab", package: "swift-vmemmap")

let package = Package(
  name: "swift-vmemmap-benchmarks",
  dependencies: [
    .package(name: "swift-vmemmap", path: ".."),
    // Its default traits replace malloc and the runtime's retain and release in order to count
    // them. We measure time and resident memory, with the allocator that users have.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    // Simulated hosts, and what the real one does with the same bytes.
    .target(name: "Workloads", dependencies: [core], swiftSettings: strict),
    // What has a target, each beside what it is compared with: one table.
    .executableTarget(
      name: "figures", dependencies: [core, lab, "Workloads"], swiftSettings: strict),
    // Single operations, for the benchmark plugin.
    .executableTarget(
      name: "KernelMemoryBenchmarks",
      dependencies: [core, "Workloads", .product(name: "Benchmark", package: "benchmark")],
      path: "Benchmarks/KernelMemoryBenchmarks", swiftSettings: strict,
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ],
  swiftLanguageModes: [.v6]
)
