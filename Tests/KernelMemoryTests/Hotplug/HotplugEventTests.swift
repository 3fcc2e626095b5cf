// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Who hears when memory comes and goes, what, and when: spec 08 section 9.
@Suite struct `Events of hotplug` {
  /// What a listener heard, as words.
  private final class Log: Sendable {
    private let heard = Mutex<[String]>([])

    var words: [String] {
      heard.withLock { words in
        defer { words = [] }
        return words
      }
    }

    func add(_ event: HotplugEvent) {
      switch event {
      case .memory(let change, let frames):
        heard.withLock { $0.append("\(change) \(frames.lowerBound.rawValue)+\(frames.pageCount)") }
      case .node(let change, let node):
        heard.withLock { $0.append("\(change) node \(node.rawValue)") }
      }
    }

    /// A listener that notes all, and objects to what `objects` says.
    func listener(
      priority: Int = 0,
      objectsTo objects: @escaping @Sendable (HotplugEvent) -> HotplugVeto? = {
        _ in nil
      }
    ) -> HotplugListener {
      HotplugListener(priority: priority) { event throws(HotplugVeto) in
        self.add(event)
        if let veto = objects(event) { throw veto }
      }
    }
  }

  private static func isNamed(_ name: String, _ event: HotplugEvent) -> Bool {
    switch event {
    case .memory(let change, _): "\(change)" == name
    case .node(let change, _): "\(change)" == name
    }
  }

  /// The words of events that lead to and from the state "online", without a place.
  private static func expected(
    _ kernel: NamedKernel, isFirst: Bool
  ) -> (online: [String], offline: [String]) {
    var online = ["goingOnline", "online"]
    var offline = ["goingOffline", "offline"]
    if isFirst, kernel.design.hotplug.hasNodeEvents {
      online = ["addingFirstMemory", "goingOnline", "addedFirstMemory", "online"]
      offline = ["removingLastMemory", "goingOffline", "removedLastMemory", "offline"]
    }
    if kernel.design.hotplug.hasPreparationEvents {
      online.insert("prepareOnline", at: 0)
      offline.append("finishOffline")
    }
    return (online, offline)
  }

  private func names(_ words: [String]) -> [String] {
    words.map { String($0.prefix { $0 != " " }) }
  }

  /// P-MHP 16.
  @Test(arguments: NamedKernel.all, [false, true])
  func `come in order`(kernel: NamedKernel, isFirst: Bool) throws {
    let host = try isFirst ? HotplugHost(lateNode: kernel.design) : HotplugHost(kernel.design)
    let log = Log()
    host.hotplug.listeners.add(log.listener())
    let node = NodeID(isFirst ? 1 : 0)
    try host.hotplug.add(host.range(1), to: node)
    #expect(log.words == [], "nobody hears of memory that nobody can use")
    let wanted = Self.expected(kernel, isFirst: isFirst)
    try host.hotplug.online(host.first, as: .onlineMovable)
    #expect(names(log.words) == wanted.online)
    try host.hotplug.offline(host.first)
    #expect(names(log.words) == wanted.offline)
    try host.hotplug.remove(host.range(1))
    #expect(log.words == [])
  }

  /// P-MHP 19: what holds descriptors is left out.
  @Test(arguments: NamedKernel.all)
  func `leave out the descriptors of a block`(kernel: NamedKernel) throws {
    let host = try HotplugHost(kernel.design, commandLine: "memory_hotplug.memmap_on_memory=Y")
    let log = Log()
    host.hotplug.listeners.add(log.listener())
    try host.plug(as: .onlineMovable, [.memmapOnMemory])
    try host.hotplug.offline(host.first)
    let place = "\(host.hotplug.frames(ofBlock: host.first).lowerBound.rawValue + 512)+32256"
    let words = log.words
    #expect(!words.isEmpty)
    #expect(words.allSatisfy { $0.hasSuffix(" \(place)") })
  }

  @Test func `reach high priorities first, and equal ones in the order in which they came`() throws
  {
    let host = try HotplugHost()
    let log = OrderedLog()
    let listeners = [("b", 0), ("a", 5), ("d", -1), ("c", 0)].map { name, priority in
      HotplugListener(priority: priority) { event throws(HotplugVeto) in
        if Self.isNamed("goingOnline", event) { log.order.withLock { $0.append(name) } }
      }
    }
    #expect(HotplugListener(hear: { _ in }).priority == 0)
    for listener in listeners { host.hotplug.listeners.add(listener) }
    try host.plug(as: .online)
    #expect(log.order.withLock { $0 } == ["a", "b", "c", "d"])
    host.hotplug.listeners.remove(listeners[1])
    log.order.withLock { $0 = [] }
    try host.plug(from: 1, as: .online)
    #expect(log.order.withLock { $0 } == ["b", "c", "d"])
  }

  // MARK: Objections

  /// P-MHP 5: whoever objects, and wherever, nothing changes; all hear that nothing comes of it.
  @Test(
    arguments: NamedKernel.all, ["prepareOnline", "addingFirstMemory", "goingOnline"])
  func `that somebody objects to leave a block offline`(
    kernel: NamedKernel, change: String
  ) throws {
    for isSelfHosted in [false, true] {
      let host = try HotplugHost(
        lateNode: kernel.design,
        commandLine: isSelfHosted ? "memory_hotplug.memmap_on_memory=Y" : "")
      let wanted = Self.expected(kernel, isFirst: true).online
      guard let place = wanted.firstIndex(of: change) else { continue }
      try host.hotplug.add(host.range(1), to: NodeID(1), isSelfHosted ? [.memmapOnMemory] : [])
      let (early, late) = (Log(), Log())
      host.hotplug.listeners.add(early.listener(priority: 9))
      host.hotplug.listeners.add(
        HotplugListener(priority: 5) { event throws(HotplugVeto) in
          if Self.isNamed(change, event) { throw .notPermitted }
        })
      host.hotplug.listeners.add(late.listener(priority: 1))
      let before = host.digest
      for type in [OnlineType.online, .onlineKernel, .onlineMovable] {
        #expect(throws: HotplugError.vetoed(.notPermitted)) {
          try host.hotplug.online(host.first, as: type)
        }
        var undone = change == "prepareOnline" ? [] : ["cancelOnline"]
        if kernel.design.hotplug.hasNodeEvents { undone.append("cancelAddingFirstMemory") }
        if kernel.design.hotplug.hasPreparationEvents, change != "prepareOnline" {
          undone.append("finishOffline")
        }
        #expect(names(early.words) == Array(wanted[...place]) + undone)
        #expect(names(late.words) == Array(wanted[..<place]) + undone)
        #expect(host.complaints == [])
        #expect(host.digest.differences(from: before) == [])
        #expect(host.read("/sys/devices/system/node/has_memory") == "0")
        #expect(host.read(host.path(0, "state")) == "offline")
      }
    }
  }

  @Test(arguments: NamedKernel.all, ["removingLastMemory", "goingOffline"])
  func `that somebody objects to leave a block online`(
    kernel: NamedKernel, change: String
  ) throws {
    for isSelfHosted in [false, true] {
      let host = try HotplugHost(
        lateNode: kernel.design,
        commandLine: isSelfHosted ? "memory_hotplug.memmap_on_memory=Y" : "")
      let wanted = Self.expected(kernel, isFirst: true).offline
      guard let place = wanted.firstIndex(of: change) else { continue }
      try host.plug(
        node: NodeID(1), as: .onlineMovable, isSelfHosted ? [.memmapOnMemory] : [])
      let (early, late) = (Log(), Log())
      host.hotplug.listeners.add(early.listener(priority: 9))
      host.hotplug.listeners.add(
        HotplugListener(priority: 5) { event throws(HotplugVeto) in
          if Self.isNamed(change, event) { throw .busy }
        })
      host.hotplug.listeners.add(late.listener(priority: 1))
      let before = host.digest
      #expect(throws: HotplugError.vetoed(.busy)) { try host.hotplug.offline(host.first) }
      var undone = ["cancelOffline"]
      if kernel.design.hotplug.hasNodeEvents { undone.append("cancelRemovingLastMemory") }
      #expect(names(early.words) == Array(wanted[...place]) + undone)
      #expect(names(late.words) == Array(wanted[..<place]) + undone)
      #expect(host.complaints == [])
      #expect(host.digest.differences(from: before) == [])
      #expect(host.read(host.path(0, "state")) == "online")
    }
  }

  @Test(arguments: [
    (HotplugVeto.busy, InterfaceError.busy), (.invalid, .invalid), (.outOfMemory, .outOfMemory),
    (.notPermitted, .notPermitted),
  ])
  func `that somebody objects to fail with the reason`(
    veto: HotplugVeto, error: InterfaceError
  ) throws {
    let host = try HotplugHost()
    try host.hotplug.add(host.range(1), to: host.node)
    let listener = HotplugListener { _ throws(HotplugVeto) in throw veto }
    host.hotplug.listeners.add(listener)
    #expect(host.write("online", host.path(0, "state")) == error)
    host.hotplug.listeners.remove(listener)
    #expect(host.write("online", host.path(0, "state")) == nil)
  }

  /// Only who goes is asked; who cannot go is not even announced.
  @Test func `are not heard where memory cannot go`() throws {
    let host = try HotplugHost()
    try host.plug(as: .onlineKernel)
    let process = SimulatedProcess(of: host.subsystem)
    let start = host.hotplug.frames(ofBlock: host.first).lowerBound
    #expect(process.take(start..<start.advanced(by: 1), .fixed))
    let log = Log()
    host.hotplug.listeners.add(log.listener())
    #expect(throws: HotplugError.busy) { try host.hotplug.offline(host.first) }
    #expect(log.words == [])
  }

  /// A driver that keeps memory for itself gives it up when it hears that the memory goes.
  @Test func `let a driver give up what it has`() throws {
    let host = try HotplugHost(memory: 128 << 20)
    try host.plug(as: .onlineMovable)
    let process = Mutex(SimulatedProcess(of: host.subsystem))
    #expect(process.withLock { $0.takePages(1000, on: host.node) } == 1000)
    host.hotplug.listeners.add(
      HotplugListener { event throws(HotplugVeto) in
        if Self.isNamed("goingOffline", event) { process.withLock { $0.exit() } }
      })
    try host.hotplug.offline(host.first)
    #expect(host.complaints == [])
  }
}

/// In which order listeners heard of something.
private final class OrderedLog: Sendable {
  let order = Mutex<[String]>([])
}
