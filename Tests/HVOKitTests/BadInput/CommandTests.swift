// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a run of the command left behind.
private struct Ended {
  var code: Int32
  var output: String
  var complaints: String
}

@Suite struct `The built command` {
  /// Runs a line of shell in which `hvo` is the command.
  private func run(_ line: String) throws -> Ended {
    let path = try #require(BuiltCommand.path, "swift build makes the command")
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "hvo() { '\(path)' \"$@\"; }; { \(line)\n} >out 2>err"]
    shell.currentDirectoryURL = folder
    shell.standardInput = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }
    return Ended(
      code: shell.terminationStatus, output: try text("out"), complaints: try text("err"))
  }

  @Test(arguments: [
    "hvo --version", "hvo --help", "hvo plan --help", "hvo help replay",
    "hvo plan --memory 128M --pool 2M=4", "hvo --memory 128M --pool 2M=4 --json",
    "printf 'echo 2 > /proc/sys/vm/nr_hugepages' | hvo run - --memory 64M --check",
    "printf 'help\\nexit\\nfrob\\n' | hvo shell --memory 64M", "hvo shell --memory 64M </dev/null",
    "hvo snapshot copy && hvo plan --sysroot copy --pool 2M=1",
    "hvo plan --memory 128M --hot-add 128M", "hvo plan --memory 128M --dax 64M --json",
    "hvo plan --memory 128M --hot-add 64G", "hvo tlb --help", "hvo boot --help",
    "hvo tlb --cpu zen2 --workload random --table 64K --lookups 9",
    "echo 0x10 | hvo tlb --cpu neoverse-n1 --workload - --coalesce --guest --json",
    "echo 'cat /proc/meminfo' | hvo run - --memory 64M --kernel 6.1,7.2",
    "echo 'cat /proc/meminfo' | hvo run - --memory 64M --kernel 6.1,7.2 --only-differences",
  ])
  func `ends with 0 where all is well, and says nothing in colour`(line: String) throws {
    let ended = try run(line)
    #expect(ended.code == 0, "\(ended.complaints)")
    #expect(!ended.output.contains("\u{1B}") && !ended.complaints.contains("\u{1B}"))
  }

  @Test(arguments: [
    "echo 'cat /nope' | hvo run - --memory 64M",
    "echo '#@ expect /proc/sys/vm/nr_hugepages 7' | hvo run - --memory 64M --json",
    "echo 'cat /nope' | hvo run - --memory 64M --kernel 6.1,7.2 --json",
    "echo 'cat /nope' | hvo shell --memory 64M", "echo 'frobnicate' | hvo shell --memory 64M",
  ])
  func `ends with 1 where something is not as it should be, and says what`(line: String) throws {
    let ended = try run(line)
    #expect(ended.code == 1)
    #expect(ended.complaints.contains("line 1: "), "\(ended.complaints)")
  }

  /// Lines that cannot be used, and what the message must name.
  private static let unusable: [(String, String)] = [
    ("hvo frob", "frob"), ("hvo plan --frob", "--frob"), ("hvo plan extra", "extra"),
    ("hvo plan --memory", "--memory"), ("hvo plan --memory 0", "--memory"),
    ("hvo plan --memory 99999999999T", "--memory"), ("hvo plan --memory -5", "--memory"),
    ("hvo plan --memory 1G --pool 2M@9=1", "--pool"), ("hvo plan --pool garbage", "--pool"),
    ("hvo plan --memory 1G --arch foo", "--arch"), ("hvo plan --memory 1G --kernel 5", "--kernel"),
    ("hvo plan --memory 1G --cpus 0", "--cpus"),
    ("hvo plan --sysroot /nonexistent", "/nonexistent"),
    ("hvo plan --sysroot ''", "--sysroot"), ("hvo plan --sysroot /dev/null", "/dev/null"),
    ("hvo run", "script"), ("hvo run /nonexistent", "/nonexistent"), ("hvo run /", "a directory"),
    ("hvo run ''", "name"), ("hvo run /bin/sh", "/bin/sh"),
    ("echo frob | hvo run -", "standard input: line 1"),
    ("echo true | hvo run - --memory 64M --kernel 6.1,6.1", "--kernel"),
    ("echo true | hvo run - --memory 64M --kernel 6.1 --only-differences", "--only-differences"),
    ("hvo plan --memory 1G --hot-add 3M", "--hot-add"), ("hvo plan --hot-add x", "--hot-add"),
    ("hvo plan --memory 1G --dax 2G --align 3M", "--align"), ("hvo plan --dax x", "--dax"),
    ("hvo plan --memory 1G --dax 2G --map x", "--map"), ("hvo plan --map mem", "--map"),
    ("hvo plan --memory 1G --hot-add 1G --pool 2M=1", "--pool"),
    ("hvo plan --memmap-on-memory", "--memmap-on-memory"), ("hvo tlb", "--cpu"),
    ("hvo tlb --cpu zen2", "--workload"), ("hvo tlb --cpu x --workload random", "--cpu"),
    ("hvo tlb --cpu zen2 --workload /nonexistent", "/nonexistent"),
    ("echo x | hvo tlb --cpu zen2 --workload -", "standard input: line 1"),
    ("hvo tlb --cpu zen2 --workload random --table 1", "--table"),
    ("hvo tlb --cpu zen2 --workload random --lookups 0", "--lookups"),
    ("hvo tlb --cpu zen2 --workload random --host-pages 4K", "--host-pages"),
    ("hvo tlb --cpu zen2 --workload dentry-hash --threads 9", "--threads"),
    ("hvo tlb --cpu skylake --workload random --coalesce", "--coalesce"),
    ("hvo tlb --cpu zen2 --workload random --seed x", "--seed"),
    ("hvo tlb --cpu zen2 --workload random --kernel 5", "--kernel"),
    ("hvo shell --memory x", "--memory"), ("hvo replay", "record"),
    ("hvo replay /nonexistent", "/nonexistent"), ("hvo replay /", "a directory"),
    ("echo '{' > x; hvo replay x --json", "x: not JSON"),
    ("hvo snapshot", "dir"), ("hvo snapshot ''", "directory"), ("touch f; hvo snapshot f", "f: "),
    ("hvo snapshot /", "not empty"), ("hvo snapshot /proc/x", "/proc/x"),
    ("hvo snapshot copy --sysroot ''", "--sysroot"),
    ("hvo plan --memory 64M >/dev/full", "standard output"),
    ("PATH=/nowhere hvo boot", "apt-get install qemu-system-x86"),
    ("PATH=/nowhere hvo boot --arch arm64", "apt-get install qemu-system-arm"),
    ("hvo boot --arch vax", "--arch"), ("hvo boot --memory x", "--memory"),
    ("hvo boot --cpus 0", "--cpus"), ("hvo boot --nodes 0", "--nodes"),
    ("hvo boot --seconds x", "--seconds"), ("hvo boot --json", "--json"),
    ("hvo boot --kernel-image", "--kernel-image"), ("hvo boot /nonexistent", "/nonexistent"),
    ("echo frob | hvo boot -", "standard input: line 1"),
  ]

  @Test(arguments: unusable)
  func `ends with 2 where something cannot be used, and names it`(
    line: String, name: String
  ) throws {
    let ended = try run(line)
    #expect(ended.code == 2)
    #expect(ended.complaints.contains(name), "\(ended.complaints)")
  }

  @Test func `tells on standard output what failed on which of several kernels`() throws {
    let ended = try run(
      "printf 'true\\ncat /nope\\n' | hvo run - --memory 64M --kernel 6.1,7.2 --only-differences")
    #expect(ended.code == 1)
    #expect(
      ended.output == """
        standard input on 6.1 and 7.2  (! marks what differs)
          2  cat /nope
             FAILED: ENOENT (no such file or directory)
        All 2 lines are answered alike

        """)
    #expect(ended.complaints.contains("on 7.2: FAILED (1 line)"), "\(ended.complaints)")
  }

  @Test func `ends quietly when nobody reads`() throws {
    let ended = try run("hvo plan --memory 64M | head -n 1")
    #expect(ended.code == 0)
    #expect(ended.output == "A twin of the machine you describe\n")
    #expect(ended.complaints == "")
  }

  @Test func `prints nothing but one JSON object with --json`() throws {
    for line in [
      "hvo plan --memory 64M --json", "hvo plan --memory 128M --hot-add 128M --json",
      "echo 0 | hvo tlb --cpu zen2 --workload - --json",
      "echo ls / | hvo run - --memory 64M --json",
      "hvo snapshot copy --json",
      "echo ls / | hvo run - --memory 64M --json --kernel 6.1,7.2 --only-differences",
    ] {
      let output = try run(line).output
      let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
      #expect((object?["schema"] as? String)?.hasPrefix("hvo.") == true)
      #expect(object?["version"] as? Int == 1)
    }
  }
}
