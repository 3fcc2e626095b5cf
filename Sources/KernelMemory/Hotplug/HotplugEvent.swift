// SPDX-License-Identifier: Apache-2.0

/// Something that listeners hear when memory comes and goes.
///
/// - Source: spec 08 section 9.
public enum HotplugEvent: Equatable, Sendable {
  /// What becomes of memory.
  case memory(MemoryChange, FrameRange)
  /// What becomes of a node.
  case node(NodeChange, NodeID)

  /// What becomes of memory.
  public enum MemoryChange: Equatable, Sendable {
    /// Its descriptors, which lie on it, are about to be used.
    case prepareOnline
    /// It is about to be used: a listener may object.
    case goingOnline
    case online
    /// It is not going to be used after all.
    case cancelOnline
    /// It is about to be given up: a listener may object, and drops what it has there.
    case goingOffline
    case offline
    /// It stays in use after all.
    case cancelOffline
    /// Its descriptors are not used any more.
    case finishOffline
  }

  /// What becomes of a node.
  public enum NodeChange: Equatable, Sendable {
    /// It is about to get its first memory: a listener may object.
    case addingFirstMemory
    case addedFirstMemory
    case cancelAddingFirstMemory
    /// It is about to lose its last memory: a listener may object.
    case removingLastMemory
    case removedLastMemory
    case cancelRemovingLastMemory
  }
}

/// Somebody who wants to hear when memory comes and goes.
///
/// - Linux: `struct notifier_block`.
final class HotplugListener: Sendable {
  /// Those with a higher one hear first.
  let priority: Int
  /// Hears an event, and objects to it by throwing.
  let hear: @Sendable (HotplugEvent) throws(HotplugVeto) -> Void

  init(priority: Int = 0, hear: @escaping @Sendable (HotplugEvent) throws(HotplugVeto) -> Void) {
    self.priority = priority
    self.hear = hear
  }
}

/// All listeners, high priority first.
final class HotplugListeners: @unchecked Sendable {
  private let lock = SpinLock(.list)
  private var all: [HotplugListener] = []

  /// Adds a listener, behind others of the same priority.
  func add(_ listener: HotplugListener) {
    lock.withLock {
      let place = all.firstIndex { $0.priority < listener.priority } ?? all.count
      all.insert(listener, at: place)
    }
  }

  /// Removes a listener.
  func remove(_ listener: HotplugListener) {
    lock.withLock { all.removeAll { $0 === listener } }
  }

  /// Asks all listeners, until one objects.
  func ask(_ event: HotplugEvent) throws(HotplugVeto) {
    for listener in lock.withLock({ all }) { try listener.hear(event) }
  }

  /// Tells all listeners, who cannot object.
  func tell(_ event: HotplugEvent) {
    for listener in lock.withLock({ all }) { try? listener.hear(event) }
  }
}
