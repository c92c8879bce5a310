// ConstantTable: rows that a component computes once and never trains, such as the angles of rotary positions.

package import Tensors

/// A table with one row a position, computed on the host and kept on the device; it grows when more rows are needed.
package final class ConstantTable {
  private let columns: Int
  private let row: (Int) -> [Float]
  private var rows: Tensor?

  /// - Parameter row: the `columns` values of a position's row.
  package init(columns: Int, row: @escaping (_ position: Int) -> [Float]) {
    self.columns = columns
    self.row = row
  }

  /// At least `count` rows, [positions, columns].
  package func callAsFunction(_ count: Int, on device: Device) -> Tensor {
    if let rows, rows.shape[0] >= count, rows.device === device { return rows }
    let table = Tensor((0..<count).flatMap(row), [count, columns], kind: .data, on: device)
    rows = table
    return table
  }
}
