// The extents of a tensor: at most four, held inline so that a shape never touches the heap.

/// The extents of a tensor, slowest dimension first, such as `[batch, tokens, width]`.
package struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  private let extents: SIMD4<Int>
  package let rank: Int

  package init(arrayLiteral elements: Int...) {
    self.init(elements)
  }

  package init(_ elements: some Collection<Int>) {
    precondition(elements.count <= 4, "a shape has at most four dimensions, not \(elements.count)")
    var extents = SIMD4<Int>(repeating: 1)
    for (dimension, extent) in elements.enumerated() { extents[dimension] = extent }
    self.extents = extents
    rank = elements.count
  }

  package subscript(dimension: Int) -> Int { extents[dimension] }

  /// The number of elements; 1 for the empty shape.
  package var count: Int { extents[0] * extents[1] * extents[2] * extents[3] }

  /// The last extent: the length of a row.
  package var columns: Int { rank == 0 ? 1 : extents[rank - 1] }

  /// The number of rows: the product of all extents but the last.
  package var rows: Int { columns == 0 ? 0 : count / columns }

  package var dimensions: [Int] { (0..<rank).map { extents[$0] } }

  /// The same shape with another last extent.
  package func withColumns(_ columns: Int) -> Shape {
    Shape(dimensions.dropLast() + [columns])
  }

  package var description: String { "\(dimensions)" }
}
