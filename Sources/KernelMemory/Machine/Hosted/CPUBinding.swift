// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  import Glibc

  /// Which simulated CPU the calling thread is.
  ///
  /// A machine that many threads use asks here; a thread that never said is CPU 0.
  enum CPUBinding {
    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      let failure = unsafe pthread_key_create(&key, nil)
      precondition(failure == 0, "the process has no thread-specific key left")
      return key
    }()

    /// The CPU that the calling thread plays.
    static var current: CPUID {
      get { CPUID(unsafe Int(bitPattern: pthread_getspecific(key))) }
      set { _ = unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue.index)) }
    }
  }
#endif
