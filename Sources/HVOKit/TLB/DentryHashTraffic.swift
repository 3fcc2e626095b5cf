// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab

/// What `git diff` does to memory while it finds out that no file of a tree has changed.
///
/// ```
/// read     one thread:   index file ─▶ an entry in the heap for each file
/// refresh  all threads:  for each entry lstat(): for each component of the path
///                          a bucket of the hash ─▶ the dentry ─▶ the inode
/// compare  one thread:   each entry once more
/// ```
///
/// Only the bucket of the file itself is anywhere in the table; those of its directories were used
/// just before. `Documentation/Design/TLBModel.md` says where each number comes from.
struct DentryHashTraffic {
  /// A tree of files, and what a program and a kernel keep of it.
  struct Tree: Equatable {
    /// The files that git knows.
    var fileCount: UInt
    /// The directories with such files.
    var directoryCount: UInt
    /// The directories in each directory that has any, which makes paths of four components.
    var branchCount: UInt = 16
    /// The bytes of an entry in the index file.
    var indexEntryByteCount: UInt = 104
    /// The bytes of an entry in the heap.
    var heapEntryByteCount: UInt = 144
    /// The bytes of a dentry; 21 fill a page.
    var dentryByteCount: UInt = 192
    /// The bytes of an inode, with its place in a slab.
    var inodeByteCount: UInt = 1128

    /// Linux 5.2.
    static let linux = Tree(fileCount: 64_500, directoryCount: 4_200)

    /// The same tree with more or fewer files.
    func resized(toFiles count: UInt) -> Tree {
      var tree = self
      tree.fileCount = count
      tree.directoryCount = max(1, count * directoryCount / fileCount)
      return tree
    }
  }

  /// Pages of programs, stacks and modules that are in use all the time, all of 4 KiB.
  static let hotPageCount: UInt = 64
  /// Of these, how many each look-up uses.
  private static let hotPagesPerLookup: UInt = 2

  /// Where things lie: regions that are far apart.
  private enum Region {
    static let dentries: UInt = 0xFFFF_8881_0000_0000
    static let inodes: UInt = 0xFFFF_8900_0000_0000
    static let indexFile: UInt = 0x7F00_0000_0000
    static let entries: UInt = 0x5500_0000_0000
    static let pointers: UInt = 0x5600_0000_0000
    static let hot: UInt = 0x7F40_0000_0000
    static let smallPage: UInt = 4 << 10
    /// The pages of the kernel's linear map.
    static let linearPage: UInt = 2 << 20
  }

  let tree: Tree
  let bucketCount: UInt
  let threadCount: UInt
  let seed: UInt64

  /// Calls `body` with each access.
  func forEachAccess(_ body: (TLBAccess) -> Void) {
    for file in 0..<tree.fileCount {
      load(Region.indexFile + file * tree.indexEntryByteCount, 0, body)
      store(Region.entries + file * tree.heapEntryByteCount, body)
      store(Region.pointers + file * 8, body)
      useHotPages(file, 0, body)
    }
    refresh(body)
    for file in 0..<tree.fileCount {
      loadEntry(file, 0, body)
      useHotPages(file, 0, body)
    }
  }

  /// Each thread looks up a part of the files, and one is about as fast as the other.
  private func refresh(_ body: (TLBAccess) -> Void) {
    let share = (tree.fileCount + threadCount - 1) / threadCount
    for step in 0..<share {
      for thread in 0..<threadCount {
        let file = thread * share + step
        guard file < tree.fileCount else { continue }
        loadEntry(file, thread, body)
        let directory = self.directory(of: file)
        if step == 0 || self.directory(of: file - 1) != directory {
          lookUpDirectory(directory, thread, body)
        }
        lookUpDirectory(directory, thread, body)
        lookUp(tree.directoryCount + file, thread, body)
        useHotPages(file, thread, body)
      }
    }
  }

  private func directory(of file: UInt) -> UInt {
    file * tree.directoryCount / tree.fileCount
  }

  /// Walks a path from the top to a directory.
  private func lookUpDirectory(_ directory: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    if directory > 0 { lookUpDirectory((directory - 1) / tree.branchCount, thread, body) }
    lookUp(directory, thread, body)
  }

  /// Finds one component of a path: what has the number `name`.
  private func lookUp(_ name: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    let hash = SplitMix.mix(seed &* 0x2545_F491_4F6C_DD1D &+ UInt64(name))
    let bucket = UInt(hash % UInt64(bucketCount))
    body(TLBAccess(target: .table(offset: bucket * 8), thread: thread))
    // A slab that has been in use for long is filled in no order.
    let place = UInt(SplitMix.mix(hash) % UInt64(tree.fileCount + tree.directoryCount))
    let page = Region.smallPage / tree.dentryByteCount
    let dentry = place / page * Region.smallPage + place % page * tree.dentryByteCount
    linear(Region.dentries + dentry, thread, body)
    linear(Region.inodes + place * tree.inodeByteCount, thread, body)
  }

  // MARK: Accesses

  private func loadEntry(_ file: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    load(Region.pointers + file * 8, thread, body)
    load(Region.entries + file * tree.heapEntryByteCount, thread, body)
  }

  private func useHotPages(_ file: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    for number in 0..<Self.hotPagesPerLookup {
      let page = (file * Self.hotPagesPerLookup + number) % Self.hotPageCount
      load(Region.hot + page * Region.smallPage, thread, body)
    }
  }

  private func load(_ address: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    body(
      TLBAccess(
        target: .memory(address: address, pageByteCount: Region.smallPage), thread: thread))
  }

  private func store(_ address: UInt, _ body: (TLBAccess) -> Void) {
    body(
      TLBAccess(
        target: .memory(address: address, pageByteCount: Region.smallPage), isLoad: false))
  }

  private func linear(_ address: UInt, _ thread: UInt, _ body: (TLBAccess) -> Void) {
    body(
      TLBAccess(
        target: .memory(address: address, pageByteCount: Region.linearPage), thread: thread))
  }
}
