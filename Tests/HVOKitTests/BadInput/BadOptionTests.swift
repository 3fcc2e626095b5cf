// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import KernelMemoryLab
import Testing

@testable import HVOKit

@Suite struct `An option with a value out of nowhere` {
  private static let alphabet = Array("0123456789KMGTPEkmgiB,.=@%+-x_ \t\u{0}\u{1B}é½٣")

  /// Values that look random, some of them nearly right.
  private static func values(seed: UInt64, near examples: [String]) -> [String] {
    var numbers = SplitMix(seed: seed)
    let random = (0..<300).map { _ in
      String(
        (0..<Int.random(in: 0...24, using: &numbers)).map { _ in
          alphabet.randomElement(using: &numbers) ?? "0"
        })
    }
    let mutated = (0..<600).map { index in
      var text = Array(examples[index % examples.count])
      for _ in 0...Int.random(in: 0...2, using: &numbers) {
        let place = Int.random(in: 0...text.count, using: &numbers)
        let new = alphabet.randomElement(using: &numbers) ?? "0"
        switch Int.random(in: 0...2, using: &numbers) {
        case 0: text.insert(new, at: place)
        case 1 where place < text.count: text.remove(at: place)
        default: if place < text.count { text[place] = new }
        }
      }
      return String(text)
    }
    let long = [String(repeating: "9", count: 1 << 20), String(repeating: "1G,", count: 1 << 16)]
    return random + mutated + Damage.numbers + long
  }

  /// Every value is taken, or refused by an error that names the option.
  private func attack(
    _ option: String, seed: UInt64, near examples: [String], _ use: (String) throws -> Void
  ) {
    for value in Self.values(seed: seed, near: examples) {
      do {
        try use(value)
      } catch {
        let text = "\(error)"
        #expect(error is InputError, "\(value.prefix(80).debugDescription): \(text)")
        #expect(text.hasPrefix(option), "\(value.prefix(80).debugDescription): \(text)")
        #expect(
          text.isHarmless && text.count < 600, "\(value.prefix(80).debugDescription): \(text)")
      }
    }
  }

  @Test func `is refused by name: memory`() {
    attack("--memory", seed: 1, near: ["1T,64G", "512M", "2G,0,2G", "65535G"]) {
      _ = try TwinBuilder(MachineOptions(memory: $0)).build()
    }
  }

  @Test func `is refused by name: kernel, architecture and CPUs`() {
    attack("--kernel", seed: 2, near: ["5.14", "6.12", "unified"]) {
      _ = try TwinBuilder(MachineOptions(memory: "1G", kernel: $0)).build()
    }
    attack("--arch", seed: 3, near: ["x86_64", "arm64-64k", "riscv64-sv48"]) {
      _ = try TwinBuilder(MachineOptions(memory: "1G", architecture: $0)).build()
    }
    attack("--cpus", seed: 4, near: ["1", "4096", "64"]) {
      _ = try TwinBuilder(MachineOptions(memory: "1G", cpus: $0)).build()
    }
  }

  @Test func `is refused by name: pool`() {
    let cases = PlanCases(
      format: .x86FourLevel, freeBytes: [(node: 0, bytes: 64 << 30), (node: 3, bytes: 1 << 29)])
    attack("--pool", seed: 5, near: ["2M@0=100", "1G=50%", "2M@3=100%", "1G=18446744073709551615"])
    {
      let planCase = try cases.asked([try PoolRequest($0)])
      #expect(planCase.parts.allSatisfy { [0, 3].contains($0.node) })
    }
  }

  @Test func `is refused by name: memory to be added`() {
    attack("--hot-add", seed: 7, near: ["2G@1", "128M", "63T@1023"]) {
      _ = try MemoryWish(MemoryWishOptions(hotAdd: $0))
    }
    attack("--dax", seed: 8, near: ["240000000-2bfffffff", "0x240000000+2G", "64G"]) {
      guard case .device(let device) = try MemoryWish(MemoryWishOptions(dax: $0)) else { return }
      #expect(device.byteCount > 0 && device.byteCount % (2 << 20) == 0)
    }
    attack("--align", seed: 9, near: ["4K", "2M", "1G"]) {
      _ = try MemoryWish(MemoryWishOptions(dax: "64G", align: $0))
    }
    attack("--map", seed: 10, near: ["mem", "dev"]) {
      _ = try MemoryWish(MemoryWishOptions(dax: "64G", map: $0))
    }
  }

  @Test func `is refused by name: the TLB model`() {
    func run(_ change: (inout TLBOptions) -> Void) throws {
      var options = TLBOptions(cpu: "zen2", workload: "dentry-hash", isGuest: true)
      change(&options)
      _ = try TLBRun(options)
    }
    attack("--cpu", seed: 11, near: ["zen2", "neoverse-n1"]) { cpu in try run { $0.cpu = cpu } }
    attack("--table", seed: 12, near: ["8M", "4G"]) { size in try run { $0.table = size } }
    attack("--lookups", seed: 13, near: ["64500"]) { count in try run { $0.lookups = count } }
    attack("--host-pages", seed: 14, near: ["4K", "1G"]) { size in try run { $0.hostPages = size } }
    attack("--threads", seed: 15, near: ["1", "2"]) { count in try run { $0.threads = count } }
    attack("--seed", seed: 16, near: ["1"]) { seed in try run { $0.seed = seed } }
  }

  @Test func `is refused with the line: an offset of a trace`() {
    for line in Self.values(seed: 17, near: ["4096", "0x1ff8", "8 # eight"]) {
      do {
        _ = try OffsetTrace.offsets(in: Array(line.utf8), name: "trace")
      } catch {
        #expect("\(error)".hasPrefix("trace: ") && "\(error)".isHarmless)
      }
    }
  }

  @Test func `is refused with a reason: sysroot and snapshot`() {
    for path in Self.values(seed: 6, near: ["/nonexistent/a", "relative"]) {
      // Normalising a path of a mebibyte takes long and shows nothing new.
      guard !path.hasPrefix("/"), !path.hasPrefix("."), path.utf8.count < 8192 else { continue }
      #expect(throws: InputError.self, "\(path.prefix(80).debugDescription)") {
        try TwinBuilder(MachineOptions(sysroot: path)).build()
      }
      #expect(throws: InputError.self, "\(path.prefix(80).debugDescription)") {
        _ = try SnapshotRun(directory: "/proc/\(path)/x", sysroot: path).run()
      }
    }
  }

  @Test func `never makes a plan larger than this machine`() throws {
    // As many pages as can be written down, of a machine of 60 TiB.
    let pools = ["2M=18446744073709551615"]
    let report = try PlanRunner(MachineOptions(memory: "60T"), pools: pools).run()
    #expect(report.cases.first?.notRun?.contains("larger one") == true)
  }
}
