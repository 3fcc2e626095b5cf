// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "swift-vmemmap-benchmarks",
  dependencies: [
    .package(name: "swift-vmemmap", path: ".."),
    // Its default traits replace malloc and the runtime's retain and release in order to count
    // them. We measure time and resident memory, with the allocator that users have.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "KernelMemoryBenchmarks",
      dependencies: [
        .product(name: "KernelMemory", package: "swift-vmemmap"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/KernelMemoryBenchmarks",
      swiftSettings: [
        .strictMemorySafety(),
        .treatWarning("StrictMemorySafety", as: .error),
      ],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ],
  swiftLanguageModes: [.v6]
)
