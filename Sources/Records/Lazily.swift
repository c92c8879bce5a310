// Lazily: what takes long to make and is not always asked for.

internal import Synchronization

/// A value that is made when it is first asked for, and kept.
package final class Lazily<Value: Sendable>: Sendable {
  private let made = Mutex<Value?>(nil)

  package init() {}

  /// - Parameter make: gives the value; it must not ask for it.
  package func value(_ make: () -> Value) -> Value {
    made.withLock { made in
      if let made { return made }
      let value = make()
      made = value
      return value
    }
  }
}
