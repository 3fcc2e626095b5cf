// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Glibc
  import Synchronization

  /// Hears of every step of the CPUs that certain threads play.
  ///
  /// Where nobody observes anything, the steps cost one load and one branch each.
  @_spi(Lab)
  public final class CPUObserver: Sendable {
    private let hear: @Sendable (CPUStep) -> Void

    /// An observer that calls `hear` on the thread that takes the step, before it goes on.
    public init(_ hear: @escaping @Sendable (CPUStep) -> Void) { self.hear = hear }

    /// Runs `body`, and hears of the calling thread's steps meanwhile.
    public func whileObserving<Result, Failure: Error>(
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      let before = unsafe pthread_getspecific(Self.key)
      _ = unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
      Self.activeCount.wrappingAdd(1, ordering: .relaxed)
      defer {
        Self.activeCount.wrappingSubtract(1, ordering: .relaxed)
        _ = unsafe pthread_setspecific(Self.key, before)
        extendLifetime(self)
      }
      return try body()
    }

    /// How many threads are observed.
    fileprivate static let activeCount = Atomic<Int>(0)

    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      let failure = unsafe pthread_key_create(&key, nil)
      precondition(failure == 0, "the process has no thread-specific key left")
      return key
    }()

    /// Tells the calling thread's observer of `step`.
    ///
    /// - Returns: false if it has none.
    fileprivate static func tell(_ step: CPUStep) -> Bool {
      guard let observer = unsafe pthread_getspecific(key) else { return false }
      unsafe Unmanaged<CPUObserver>.fromOpaque(observer).takeUnretainedValue().hear(step)
      return true
    }
  }

  extension HostedMachine {
    /// Whether any thread of this process is observed.
    static var isObserved: Bool {
      @inline(__always) get { CPUObserver.activeCount.load(ordering: .relaxed) != 0 }
    }

    /// Tells the observer of the calling thread, if it has one, of `step`.
    ///
    /// - Returns: whether it has one.
    @inline(never)
    @discardableResult
    static func observe(_ step: CPUStep) -> Bool { CPUObserver.tell(step) }
  }
#endif
