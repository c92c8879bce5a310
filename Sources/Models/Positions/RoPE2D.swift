// RoPE2D: turns queries and keys by the row and by the column of their patch, so that their product
// depends only on how far apart they stand in each direction.

package import Config
import Glibc
package import Tensors

/// Rotary positions on a grid: half of the pairs turn by the row, half by the column.
package struct RoPE2D: Position {
  package static let word = "rope_2d"
  package static let summary =
    "rotates queries and keys by row and column of their patch; scores see distances only"
  package static let formula =
    "pairs turn by r w_k and c w_k, w_k = base^(-4k/d), k < d/4; normalised: by 2 pi w_k times "
    + "2 (r + 1/2) / rows - 1 and its like; tokens that are no patches do not turn"
  package static let source =
    "Heo et al. 2024, arXiv 2403.13298; Fang et al. 2023 (EVA-02), arXiv 2303.11331; normalised: "
    + "Simeoni et al. 2025 (DINOv3), arXiv 2508.10104"

  package static let isOfGrid = true

  private let angles: GridAngles
  private let cosines, sines: ConstantTable
  private let isInterleaved: Bool

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    let isNormalised =
      options.read(
        "coordinates",
        .choice(of: [
          Choice("index", "rows and columns by number (EVA-02, naver's RoPE-ViT)"),
          Choice("normalised", "from -1 to 1 over the image, whatever its size (DINOv3)"),
        ]), default: "index", "what a row and a column count as") == "normalised"
    let base = options.read(
      "base", .double(in: Bounds.above(1, through: 1e12)), derived: isNormalised ? 100 : 10000,
      rule: "10000 for index, 100 for normalised coordinates",
      "about how many times slower the last pair turns than the first; 100 in naver's RoPE-ViT")
    let order = options.read(
      "order",
      .choice(of: [
        Choice("rows_first", "the first half of the pairs turns by the row (EVA-02, DINOv3)"),
        Choice("columns_first", "by the column (naver's RoPE-ViT)"),
      ]), default: "rows_first", "which pairs turn by what")
    let layout = options.read(
      "layout",
      .choice(of: [
        Choice("half", "pairs feature i with i + d/2 (DINOv3)"),
        Choice("interleaved", "pairs features 2i and 2i + 1 (EVA-02, naver's RoPE-ViT)"),
      ]), default: "half", "which features turn together")
    let reference = options.read(
      "reference_grid", .tuple("rows", "columns", of: .int(in: 1...4096)),
      absent: "that of the image",
      "rows and columns of the grid that index coordinates are stretched to, whatever the image's "
        + "(EVA-02): [16, 16]")
    if reference != nil, isNormalised {
      options.fault(
        "reference_grid", because: .rule("normalised coordinates are the same on every grid"))
    }
    let d = context.headDimension
    if context.hasHeadDimension, d % 4 != 0 {
      options.fault(
        because: .rule(
          "rope_2d turns pairs of features by rows and as many by columns: the head dimension must "
            + "be a multiple of 4, not \(d)"), notes: context.headNotes)
    }
    isInterleaved = layout == "interleaved"
    let grid = context.requiredGrid(options, Self.word)
    var stretch = (rows: 1.0, columns: 1.0)
    if let reference {
      stretch.rows = Double(reference[0]) / Double(grid.rows)
      stretch.columns = Double(reference[1]) / Double(grid.columns)
    }
    let angles = GridAngles(
      grid: grid, stretch: stretch, count: max(1, d / 4), base: base, isNormalised: isNormalised,
      isRowsFirst: order == "rows_first")
    self.angles = angles
    cosines = ConstantTable(columns: 2 * angles.count) { token in
      angles.row(token).map { Float(cos($0)) }
    }
    sines = ConstantTable(columns: 2 * angles.count) { token in
      angles.row(token).map { Float(sin($0)) }
    }
  }

  package func rotate(_ x: Tensor, _ pass: Pass, layer: Int, from position: Int) -> Tensor {
    let end = position + x.shape[1]
    let table = RotaryTable(
      cosine: cosines(end, on: pass.device), sine: sines(end, on: pass.device),
      interleaved: isInterleaved)
    return pass.rope(x, table, from: position)
  }

  package var turns: Bool { true }

  /// The angles of a token's pairs, in radians; zeros where it stands nowhere.
  package func angles(of token: Int) -> [Double] { angles.row(token) }
}

/// Angles that grow along two axes.
private struct GridAngles: Sendable {
  let grid: PatchGrid
  /// What a step along an axis counts as, where coordinates are numbers.
  let stretch: (rows: Double, columns: Double)
  /// Frequencies of an axis.
  let count: Int
  let base: Double
  let isNormalised, isRowsFirst: Bool

  /// Computed in double, as those of one dimension are.
  func row(_ token: Int) -> [Double] {
    guard let place = grid.place(of: token) else { return [Double](repeating: 0, count: 2 * count) }
    let r = coordinate(place.row, of: grid.rows, stretch.rows)
    let c = coordinate(place.column, of: grid.columns, stretch.columns)
    return (isRowsFirst ? [r, c] : [c, r]).flatMap { coordinate in
      (0..<count).map { coordinate * pow(base, -Double($0) / Double(count)) }
    }
  }

  private func coordinate(_ index: Int, of size: Int, _ stretch: Double) -> Double {
    guard isNormalised else { return stretch * Double(index) }
    return 2 * Double.pi * (2 * (Double(index) + 0.5) / Double(size) - 1)
  }
}
