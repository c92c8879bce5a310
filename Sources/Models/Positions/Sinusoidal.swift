// Sinusoidal: fixed waves of geometrically growing length, added to the embedded tokens.

package import Config
import Glibc
package import Tensors

/// The encoding of the original Transformer: sines at even, cosines at odd features.
package struct Sinusoidal: Position {
  package static let word = "sinusoidal"
  package static let summary = "adds fixed sine and cosine waves of growing length to the tokens"
  package static let formula = "x[p, 2i] + sin(p / base^(2i/width)), x[p, 2i+1] + cos(same)"
  package static let isAdded = true
  package static let source = "Vaswani et al. 2017, arXiv 1706.03762"

  private let waves: ConstantTable

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    let base = options.read(
      "base", .double(in: Bounds.above(1, through: 1e12)), default: 10000,
      "ratio of the longest wave to the shortest")
    let width = context.width
    waves = ConstantTable(columns: width) { position in
      (0..<width).map { feature in
        let angle = Double(position) / pow(base, Double(feature / 2 * 2) / Double(width))
        return Float(feature % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
  }

  package func embed(_ x: Tensor, _ pass: Pass, from position: Int) -> Tensor {
    pass.addRows(x, waves(position + x.shape[1], on: pass.device), from: position)
  }
}
