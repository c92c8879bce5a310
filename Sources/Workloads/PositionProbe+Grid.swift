// PositionProbe on a grid: whether scores see distances alone where tokens stand in rows and
// columns.

import Config
import Models
import Statistics
import Tensors

extension PositionProbe {
  /// The ways in which query and key are moved together.
  enum Direction: String, CaseIterable {
    case rows, columns, diagonal

    /// The longest move that keeps both on the grid.
    ///
    /// - Parameter distance: of query and key, in rows and columns.
    fileprivate func room(_ grid: PatchGrid, _ distance: (rows: Int, columns: Int)) -> Int {
      let (rows, columns) = (grid.rows - 1 - distance.rows, grid.columns - 1 - distance.columns)
      switch self {
      case .rows: return rows
      case .columns: return columns
      case .diagonal: return min(rows, columns)
      }
    }

    /// Tokens from a patch to that which is so many steps further.
    fileprivate func tokens(_ steps: Int, _ grid: PatchGrid) -> Int {
      switch self {
      case .rows: steps * grid.columns
      case .columns: steps
      case .diagonal: steps * (grid.columns + 1)
      }
    }
  }

  /// The largest change of a score when query and key move alike, over the product of their
  /// lengths.
  ///
  /// They stand at random patches, and are moved along rows, along columns and along both at once.
  func relativeError(on grid: PatchGrid) -> Double {
    queries.indices.reduce(0) { worst, sample in
      let random = Random(seed: UInt64(sample), purpose: "position", name: "patches")
      // One stands in the first row, one in the first column: the key above the query or below.
      let rows = random.below(grid.rows, 0)
      let columns = random.below(grid.columns, 1)
      let isLower = random.below(2, 2) == 0
      let query = isLower ? columns : rows * grid.columns + columns
      let key = isLower ? rows * grid.columns : 0
      return Direction.allCases.reduce(worst) { worst, direction in
        let room = direction.room(grid, (rows, columns))
        return [room, random.below(room + 1, 3)].reduce(worst) { worst, steps in
          Self.larger(
            worst, change(of: sample, query, key, by: direction.tokens(steps, grid)))
        }
      }
    }
  }

  /// By distance in a direction: the mean logit of a vector for itself, which is how a scheme lets
  /// likeness fade, and the relative error.
  func curve(on grid: PatchGrid, along direction: Direction) -> [JSON] {
    let scale = 1 / Double(queries.first?.count ?? 1).squareRoot()
    return (0...direction.room(grid, (0, 0))).map { distance in
      let far = direction.tokens(distance, grid)
      let found = Sample(queries.indices.map { scale * likeness($0, far) })
      let apart = (
        rows: direction == .columns ? 0 : distance, columns: direction == .rows ? 0 : distance
      )
      let error = queries.indices.prefix(16).reduce(0.0) { worst, sample in
        Direction.allCases.reduce(worst) { worst, move in
          let tokens = move.tokens(move.room(grid, apart), grid)
          return Self.larger(worst, change(of: sample, far, 0, by: tokens))
        }
      }
      return [
        "distance": .integer(distance), "mean_logit": .real(found.mean), "sd": .real(found.sd),
        "relative_error": .real(error),
      ]
    }
  }

  /// How much a score changes when query and key move so many tokens further.
  private func change(of sample: Int, _ query: Int, _ key: Int, by tokens: Int) -> Double {
    abs(score(sample, query + tokens, key + tokens) - score(sample, query, key)) / size(sample)
  }
}
