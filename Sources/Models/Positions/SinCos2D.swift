// SinCos2D: fixed waves along columns and rows, added to the patches.

package import Config
import Glibc
package import Tensors

/// Half of the features have waves of the column, half of the row.
package struct SinCos2D: Position {
  package static let word = "sincos_2d"
  package static let summary = "adds fixed sine and cosine waves of column and row to the patches"
  package static let formula =
    "x + [sin(c w), cos(c w), sin(r w), cos(r w)], w_k = base^(-4k/width), k < width/4; nothing to "
    + "tokens that are no patches"
  package static let isAdded = true
  package static let isOfGrid = true
  package static let source =
    "He et al. 2021 (MAE), arXiv 2111.06377; Peebles & Xie 2022 (DiT), "
    + "arXiv 2212.09748"

  private let waves: ConstantTable

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    let base = options.read(
      "base", .double(in: Bounds.above(1, through: 1e12)), default: 10000,
      "ratio of the longest wave to the shortest")
    let width = context.width
    if width % 4 != 0 {
      options.fault(
        because: .rule(
          "sincos_2d has sines and cosines of columns and of rows: the width must be a multiple of "
            + "4, not \(width)"))
    }
    let grid = context.requiredGrid(options, Self.word)
    let count = width / 4
    waves = ConstantTable(columns: width) { token in
      guard width % 4 == 0, let place = grid.place(of: token) else {
        return [Float](repeating: 0, count: width)
      }
      return [place.column, place.row].flatMap { coordinate in
        let angles = (0..<count).map {
          Double(coordinate) * pow(base, -Double($0) / Double(count))
        }
        return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
      }
    }
  }

  package func embed(_ x: Tensor, _ pass: Pass, from position: Int) -> Tensor {
    pass.addRows(x, waves(position + x.shape[1], on: pass.device), from: position)
  }
}
