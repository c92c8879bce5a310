// Work on the elements of large arrays by several threads, in order.

internal import Foundation

extension Array where Element: Sendable {
  /// Elements that one thread goes through in a row.
  private static var part: Int { 128 }

  /// What `transform` makes of each element, in order, by as many threads as there are processors.
  ///
  /// - Parameter transform: takes an element and what came of the one before it, where that is
  ///   known.
  package func mappedByThreads<Result: Sendable>(
    _ transform: @Sendable (Element, _ before: Result?) -> Result
  ) -> [Result] {
    let parts = (count + Self.part - 1) / Self.part
    return [Result](unsafeUninitializedCapacity: count) { results, made in
      // Each thread writes elements of its own.
      nonisolated(unsafe) let results = results
      DispatchQueue.concurrentPerform(iterations: parts) { part in
        var before: Result?
        for place in part * Self.part..<Swift.min(count, (part + 1) * Self.part) {
          let result = transform(self[place], before)
          results.initializeElement(at: place, to: result)
          before = result
        }
      }
      made = count
    }
  }
}
