// WorkCount: the floating-point operations that a device was asked for, counted where its kernels
// are called.

/// Floating-point operations of matrix products and attentions; a multiply-add is two.
///
/// What is done once an element, such as a norm or an activation, is not counted: it is bound by
/// memory.
package struct WorkCount: Equatable, Sendable {
  /// Of matrix products.
  package internal(set) var products = 0.0
  /// Of attentions.
  package internal(set) var attention = 0.0

  package var total: Double { products + attention }

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
