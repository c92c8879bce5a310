// Attention: the slot that lets tokens look at earlier tokens. The components differ in how many key/value heads the
// query heads share; `AttentionLayer` does the rest.

package import Config

/// How many heads ask, and how many are asked.
package struct HeadCounts: Equatable, Sendable {
  package let queries, keyValues: Int

  package init(queries: Int, keyValues: Int) {
    self.queries = queries
    self.keyValues = keyValues
  }
}

/// A way to share key/value heads among query heads.
package protocol Attention: Component {
  /// Reads the options that decide the head counts. Faulty counts are reported and mended, so that checking goes on.
  static func heads(_ options: Section) -> HeadCounts
}

extension Section {
  /// The `heads` option that every attention has.
  func queryHeads() -> Int {
    read("heads", .int(in: 1...1024), default: 8, "number of query heads")
  }
}
