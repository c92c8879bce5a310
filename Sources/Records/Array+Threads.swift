// Work on the elements of large collections by several threads, in order.

internal import Foundation

/// Calls `body` with each whole number from 0 below `count`, by as many threads as there are
/// processors.
@usableFromInline
package func eachByThreads(_ count: Int, _ body: @Sendable (Int) -> Void) {
  DispatchQueue.concurrentPerform(iterations: count, execute: body)
}

extension Array where Element: Sendable {
  /// What `transform` makes of each element, in order, by as many threads as there are processors.
  ///
  /// - Parameters:
  ///   - part: elements that one thread goes through in a row.
  ///   - transform: takes an element and what came of the one before it, where that is known.
  @inlinable
  package func mappedByThreads<Result: Sendable>(
    part size: Int = 128, _ transform: @Sendable (Element, _ before: Result?) -> Result
  ) -> [Result] {
    mappedByThreads(part: size, keeping: { Result?.none }) { element, before in
      let result = transform(element, before)
      before = result
      return result
    }
  }

  /// The same where something is kept from one element of a part to the next.
  ///
  /// - Parameters:
  ///   - start: what there is of that at the first element of a part.
  ///   - transform: takes an element and what is kept, which it may change.
  @inlinable
  package func mappedByThreads<Result: Sendable, Kept>(
    part size: Int = 128, keeping start: @Sendable () -> Kept,
    _ transform: @Sendable (Element, inout Kept) -> Result
  ) -> [Result] {
    // It is inlined, so that elements are not copied by way of the descriptions of their types.
    let parts = (count + size - 1) / size
    return [Result](unsafeUninitializedCapacity: count) { results, made in
      // Each thread writes elements of its own.
      nonisolated(unsafe) let results = results
      eachByThreads(parts) { part in
        var kept = start()
        for place in part * size..<Swift.min(count, (part + 1) * size) {
          results.initializeElement(at: place, to: transform(self[place], &kept))
        }
      }
      made = count
    }
  }
}

extension RandomAccessCollection where Element: Sendable {
  /// What `transform` makes of each element, in order, by as many threads as there are processors:
  /// some hundred elements at a time, so that not all of it is in memory.
  package func mappedInParts<Result: Sendable>(
    _ transform: @escaping @Sendable (Element) -> Result
  ) -> some Sequence<Result> {
    mappedInParts(keeping: { () }) { element, _ in transform(element) }
  }

  /// The same where something is kept from one element to some of the next, as in
  /// `mappedByThreads`.
  package func mappedInParts<Result: Sendable, Kept>(
    keeping start: @escaping @Sendable () -> Kept,
    _ transform: @escaping @Sendable (Element, inout Kept) -> Result
  ) -> some Sequence<Result> {
    let size = 512
    return stride(from: 0, to: count, by: size).lazy.flatMap { first in
      Array(dropFirst(first).prefix(size)).mappedByThreads(part: 32, keeping: start, transform)
    }
  }
}

extension Sequence {
  /// The same with an element before and one behind.
  package func between(_ head: Element, _ tail: Element) -> some Sequence<Element> {
    [AnySequence([head]), AnySequence(self), AnySequence([tail])].lazy.joined()
  }
}
