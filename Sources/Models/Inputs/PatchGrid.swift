// PatchGrid: images as sequences: how large they are, and where the tokens that are made of them
// stand.

/// The size of the images that a model reads.
package struct ImageSize: Equatable, Hashable, Sendable, CustomStringConvertible {
  package let height, width: Int
  /// 1 for grey images, 3 for coloured ones.
  package let channels: Int

  package init(height: Int, width: Int, channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }

  /// That of images which are not read yet: it has a single patch, of any size.
  package static let unknown = ImageSize(height: 0, width: 0, channels: 1)

  /// Height x width, the order of the option `image`.
  package var description: String { "\(height) x \(width) pixels" }
}

/// Tokens that stand in rows and columns, and others behind them that stand nowhere.
package struct PatchGrid: Equatable, Hashable, Sendable {
  package let rows, columns: Int
  /// Tokens behind the patches: registers, and one that stands for the whole image.
  package let extra: Int

  package init(rows: Int, columns: Int, extra: Int = 0) {
    (self.rows, self.columns, self.extra) = (rows, columns, extra)
  }

  package var patches: Int { rows * columns }
  package var tokens: Int { patches + extra }

  /// Row and column of a token; nil where it stands nowhere.
  package func place(of token: Int) -> (row: Int, column: Int)? {
    token < patches ? (token / columns, token % columns) : nil
  }
}
