// WorkCount: the floating-point operations that a device was asked for, counted where its kernels are called.

import CKernels

/// Floating-point operations of matrix products and attentions; a multiply-add is two.
///
/// What is done once an element, such as a norm or an activation, is not counted: it is bound by memory.
package struct WorkCount: Equatable, Sendable {
  /// Of matrix products.
  package internal(set) var products = 0.0
  /// Of attentions.
  package internal(set) var attention = 0.0

  package var total: Double { products + attention }

  mutating func addProduct(m: Int, n: Int, k: Int) {
    products += 2 * Double(m) * Double(n) * Double(k)
  }

  static func += (count: inout WorkCount, more: WorkCount) {
    count.products += more.products
    count.attention += more.attention
  }

  /// The operations since an earlier count.
  package static func - (now: WorkCount, before: WorkCount) -> WorkCount {
    var since = WorkCount()
    since.products = now.products - before.products
    since.attention = now.attention - before.attention
    return since
  }
}

extension AttentionAlgorithm {
  /// The matrix products of a forward pass: scores and output.
  package static let forwardProducts = 2

  /// The matrix products of a backward pass.
  ///
  /// Four gradients: of the probabilities, the values, the queries and the keys. Naive attention kept its
  /// probabilities, and computes the scores again only to differentiate a softcap; the others always do.
  package func backwardProducts(softcap: Bool) -> Int { self == .naive && !softcap ? 4 : 5 }

  /// Whether what position hides is computed as well, to be thrown away: naive attention multiplies whole matrices.
  package var computesHiddenPairs: Bool { self == .naive }
}

extension AttentionCall {
  /// Operations of so many products of one feature of a head with another, over all pairs that are computed.
  ///
  /// Tiles at the edge of a mask, which are computed whole, are counted by what is seen of them.
  func operations(_ algorithm: AttentionAlgorithm, products: Int) -> Double {
    let pairs =
      algorithm.computesHiddenPairs ? Double(shape.queries) * Double(shape.keys) : seenPairs
    return 2 * Double(products) * Double(shape.head_dim) * Double(shape.batch * shape.heads) * pairs
  }
}
