// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `The kernel to boot` {
  /// Makes a checkout in the folder `name`, whose `dev` builds a kernel and notes that it did.
  private func addCheckout(
    _ name: String, to fake: FakeEmulator, _ architecture: BootArchitecture = .x86
  ) throws -> Checkout {
    let suffix = architecture == .arm64 ? ".bin" : ""
    try fake.addProgram(
      "\(name)/dev",
      """
      echo "$@" >> "${0%/*}/built"
      folder=${0%/*}/.build/metal/$4/\(architecture.triple)/release
      mkdir -p "$folder" && cp '\(fake.path("template"))' "$folder/Kernel\(suffix)"
      """)
    try fake.addKernel("template", architecture)
    try fake.addKernel("\(name)/Metal/Package.swift")
    try fake.addKernel("\(name)/Sources/file")
    return try #require(Checkout(around: fake.path("\(name)/Sources/file")))
  }

  @Test func `is the one that is named, before all others`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    _ = try addCheckout("checkout", to: fake)
    var surroundings = fake.surroundings
    surroundings.executable = fake.path("checkout/.build/release/hvo")
    let image = try KernelImage(fake.path("Kernel"), for: .x86, in: surroundings)
    #expect(image.path == fake.path("Kernel"))
    #expect(image.checkout == nil)
    #expect(fake.text("checkout/built") == nil)
  }

  @Test func `is then that of the checkout in which this program was built, built anew`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    let own = try addCheckout("own", to: fake)
    _ = try addCheckout("other", to: fake)
    var surroundings = fake.surroundings
    surroundings.executable = fake.path("own/.build/release/hvo")
    surroundings.currentFolder = fake.path("other/Sources")
    for _ in 0..<2 {
      let image = try KernelImage(nil, for: .x86, in: surroundings)
      #expect(image.path == own.kernel(for: .x86))
      #expect(image.checkout == own)
    }
    #expect(
      fake.text("own/built") == "metal build --arch x86_64\nmetal build --arch x86_64\n")
    #expect(fake.text("other/built") == nil)
  }

  @Test func `is then that of the checkout around the current folder`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    let checkout = try addCheckout("other", to: fake, .arm64)
    var surroundings = fake.surroundings
    surroundings.currentFolder = fake.path("other/Sources")
    let image = try KernelImage(nil, for: .arm64, in: surroundings)
    #expect(image.path == checkout.kernel(for: .arm64) + ".bin")
    #expect(image.checkout == checkout)
  }

  @Test func `is missing where there is no checkout, and the message says what to do`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    let error = try #require(throws: InputError.self) {
      try KernelImage(nil, for: .x86, in: fake.surroundings)
    }
    #expect(error.description.contains("./dev metal build"))
    #expect(error.description.contains("--kernel-image"))
  }

  @Test func `is missing where it cannot be built`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    _ = try addCheckout("checkout", to: fake)
    try fake.addProgram("checkout/dev", "exit 1")
    var surroundings = fake.surroundings
    surroundings.currentFolder = fake.path("checkout")
    let error = try #require(throws: InputError.self) {
      try KernelImage(nil, for: .x86, in: surroundings)
    }
    #expect(error.description.contains("cannot be built in \(fake.path("checkout"))"))
  }

  @Test func `on arm64 has its bytes beside the linker's file`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    try fake.addKernel("Kernel.bin", .arm64)
    for name in ["Kernel", "Kernel.bin"] {
      let image = try KernelImage(fake.path(name), for: .arm64, in: fake.surroundings)
      #expect(image.path == fake.path("Kernel.bin"))
    }
  }

  @Test(arguments: [("Kernel", BootArchitecture.arm64), ("hvo", .x86), ("short", .x86)])
  func `is no other file`(name: String, architecture: BootArchitecture) throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    try Data("ELF".utf8).write(to: fake.folder.appendingPathComponent("short"))
    let error = try #require(throws: InputError.self) {
      try KernelImage(fake.path(name), for: architecture, in: fake.surroundings)
    }
    #expect(error.description.contains(fake.path(name)))
  }
}

@Suite struct `The emulator` {
  @Test func `is the first on PATH`() throws {
    let fake = try FakeEmulator("")
    defer { fake.remove() }
    #expect(
      try fake.surroundings.emulator(for: .x86) == fake.path(BootArchitecture.x86.emulator))
  }

  @Test(arguments: BootArchitecture.allCases)
  func `is to be installed where it is missing, and the message says how`(
    architecture: BootArchitecture
  ) throws {
    let surroundings = Surroundings(
      path: "/nowhere", executable: "/nowhere/hvo", currentFolder: "/", temporaryFolder: "/tmp")
    let error = try #require(throws: InputError.self) {
      try surroundings.emulator(for: architecture)
    }
    #expect(error.description.contains("no \(architecture.emulator) on PATH"))
    #expect(error.description.contains("apt-get install \(architecture.package)"))
  }
}
