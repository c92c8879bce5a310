// ConstantTable: rows that a component computes once and never trains, such as the angles of rotary
// positions.

package import Tensors

/// A table with one row a position, computed on the host and kept on the device.
///
/// A meta device gets one without values. It grows by doubling: a generation that asks for one row
/// more at each step does not build it anew each time.
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
    let present = rows.flatMap { $0.device === device ? $0 : nil }
    if let present, present.shape[0] >= count { return present }
    let grown = max(count, 2 * (present?.shape[0] ?? 0))
    if device.isMeta {
      let table = Tensor([grown, columns], kind: .data, on: device)
      rows = table
      return table
    }
    let known = present?.values() ?? []
    let table = Tensor(
      known + (known.count / columns..<grown).flatMap(row), [grown, columns], kind: .data,
      on: device)
    rows = table
    return table
  }
}
