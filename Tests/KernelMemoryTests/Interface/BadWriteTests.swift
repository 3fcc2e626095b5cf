// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The knob whose model holds for the file at `path` too.
private func modelled(_ path: String) -> String {
  // One node and one block stand for all of them.
  path.replacing("/node0/hugepages", with: "/node1/hugepages")
    .replacing("/node1/compact", with: "/node0/compact")
    .replacing("/memory0/", with: "/memory1/").replacing("/memory2/", with: "/memory1/")
}

@Suite struct `Bad input to files` {
  private func host(_ name: String) throws -> FileHost {
    // Enough for both nodes to have memory.
    try FileHost(
      memory: 384 << 20, nodes: 2, kernel: kernel(name), cpus: 2,
      commandLine: "hugetlb_free_vmemmap=on hugepages=4")
  }

  /// Writes `text` and holds the answer, and what the file says then, against the model.
  private func attack(_ files: FileHost, _ knob: Knob, with text: [UInt8]) throws {
    let expected = knob.answer(text)
    let hint: Comment = "\(BadTexts.described(text)) > \(knob.path)"
    #expect(files.writing(text, knob.path) == expected.description, hint)
    guard case .taken(_, let value?) = expected else { return }
    if let shown = knob.shown { #expect(files.reading(knob.path) == shown(value), hint) }
    if knob.path.hasSuffix("nr_hugepages") {
      #expect(try #require(UInt(files.text(knob.path).dropLast())) <= value, hint)
    }
  }

  /// Puts everything back that an accepted text may have made extreme.
  private func calm(_ files: FileHost) {
    for (path, text) in [
      ("min_free_kbytes", "2048"), ("watermark_scale_factor", "10"),
      ("percpu_pagelist_high_fraction", "0"), ("lowmem_reserve_ratio", "256 256 32 0 0"),
      ("nr_hugepages", "4"), ("nr_overcommit_hugepages", "0"),
    ] {
      #expect(files.writing(text, "/proc/sys/vm/" + path) != "EINVAL")
    }
  }

  @Test(arguments: kernelNames)
  func `the model knows every file that can be written`(name: String) throws {
    let files = try host(name)
    let known = Set(knobs(try kernel(name)).map(\.path))
    for (path, attributes) in try files.listing()
    where attributes.kind == .file && attributes.mode & 0o200 != 0 {
      // The dax bus has tests of its own.
      if path.hasPrefix("/sys/bus/dax/") { continue }
      #expect(known.contains(modelled(path)) || path.hasSuffix("/reclaim"), "\(path)")
    }
  }

  @Test(arguments: ["6.1", "7.2"])
  func `texts that people write by mistake are answered as a kernel does`(name: String) throws {
    let files = try host(name)
    var before = try FileSnapshot(files.tree)
    for knob in knobs(try kernel(name)) {
      let texts = BadTexts.table + BadTexts.long
      for text in texts where knob.refuses(text) { try attack(files, knob, with: text) }
      #expect(try FileSnapshot(files.tree).differences(from: before) == [], "\(knob.path)")
      for text in texts where !knob.refuses(text) { try attack(files, knob, with: text) }
      calm(files)
      before = try FileSnapshot(files.tree)
    }
    #expect(files.host.complaints == [])
  }

  @Test(arguments: zip(kernelNames, 1...5))
  func `random texts are answered as a kernel does`(name: String, seed: Int) throws {
    let files = try host(name)
    var random = BootRandom(seed: UInt64(seed))
    let knobs = knobs(try kernel(name))
    for _ in 0..<12 {
      var before = try FileSnapshot(files.tree)
      for _ in 0..<30 {
        let knob = knobs[Int(random.below(UInt(knobs.count)))]
        let text = BadTexts.random(&random)
        try attack(files, knob, with: text)
        if !knob.refuses(text) { before = try FileSnapshot(files.tree) }
      }
      #expect(try FileSnapshot(files.tree).differences(from: before) == [])
      calm(files)
    }
    #expect(files.host.complaints == [])
  }

  @Test(arguments: ["6.1", "7.2"])
  func `what is refused leaves no frame changed`(name: String) throws {
    let files = try host(name)
    let before = try FileSnapshot(files.tree, frames: .taken)
    for knob in knobs(try kernel(name)) {
      for text in BadTexts.table {
        if case .refused(let error) = knob.answer(text) {
          #expect(files.writing(text, knob.path) == error)
        }
      }
    }
    let after = try FileSnapshot(files.tree, frames: .taken)
    #expect(after.differences(from: before) == [])
    #expect(files.host.complaints == [])
  }

  @Test(arguments: ["6.1", "7.2"])
  func `modes hold whatever the text`(name: String) throws {
    let files = try host(name)
    let before = try FileSnapshot(files.tree)
    for (path, attributes) in try files.listing() {
      switch attributes.kind {
      case .file:
        if attributes.mode & 0o200 == 0 {
          for text in ["", "1", "garbage"] { #expect(files.writing(text, path) == "EACCES") }
        }
        if attributes.mode & 0o400 == 0 { #expect(files.reading(path) == "EACCES") }
        #expect(files.writing("1", path + "/x") == "ENOTDIR")
        #expect(files.reading(path + "/") == "ENOTDIR")
      case .directory, .link:
        #expect(files.writing("1", path) == "EISDIR")
        #expect(files.reading(path) == "EISDIR")
        #expect(files.writing("1", path + "/nothing") == "ENOENT")
      }
    }
    #expect(try FileSnapshot(files.tree).differences(from: before) == [])
  }

  @Test func `paths of any bytes are walked or refused`() throws {
    let files = try host("unified")
    var random = BootRandom(seed: 11)
    let pieces: [[UInt8]] =
      [
        "/", "//", ".", "..", "proc", "sys", "devices", "system", "node", "node0", "node00",
        "memory1",
        "hugepages", "hugepages-2048kB", "hugepages-02048kB", "hugepages-18446744073709551616kB",
        "node18446744073709551615", "cpu", "cpu1", "cpu2", "meminfo", "\0", " ", "vm", "kernel",
        "mm",
        "nr_hugepages", "é", "-1", "%s", String(repeating: "a", count: 300),
      ].map { Array($0.utf8) } + [[0xFF]]
    let before = try FileSnapshot(files.tree)
    for _ in 0..<4000 {
      var path: [UInt8] = [0x2F]
      for _ in 0..<random.below(12) {
        path += pieces[Int(random.below(UInt(pieces.count)))]
        if random.below(2) == 0 { path.append(0x2F) }
      }
      _ = try? files.tree.read(path[...])
      _ = try? files.tree.write([0x2D], to: path[...])
      _ = try? files.tree.entries(of: path[...])
      _ = try? files.tree.attributes(of: path[...])
      _ = try? files.tree.linkTarget(of: path[...])
    }
    #expect(files.reading(String(repeating: "/proc", count: 1 << 18)) == "ENAMETOOLONG")
    let after = try FileSnapshot(files.tree)
    #expect(after.differences(from: before).filter { !$0.hasSuffix("/pgfree") } == [])
  }

  @Test func `reads at any place give what is there`() throws {
    let files = try host("7.2")
    var random = BootRandom(seed: 5)
    let odd: [UInt] = [0, 1, 7, 8, 16, 4096, 1 << 20, 1 << 40, 1 << 62, .max - 7, .max - 1, .max]
    for (path, attributes) in try files.listing()
    where attributes.kind == .file && attributes.mode & 0o400 != 0 && !path.contains("kpage") {
      let whole = try files.tree.read(textBytes(path))
      for _ in 0..<12 {
        let offset = odd[Int(random.below(UInt(odd.count)))]
        let count = odd[Int(random.below(UInt(odd.count)))]
        let part = try files.tree.read(textBytes(path), at: offset, count: count)
        let start = Int(min(offset, UInt(whole.count)))
        #expect(part == Array(whole[start...].prefix(Int(min(count, UInt(whole.count))))))
      }
    }
    for path in ["/proc/kpageflags", "/proc/kpagecount", "/proc/kpagecgroup"] {
      for offset in odd where offset >= 1 << 40 {
        let part = try? files.tree.read(textBytes(path), at: offset, count: 8)
        #expect(part == (offset % 8 == 0 ? [] : nil))
      }
    }
  }
}
