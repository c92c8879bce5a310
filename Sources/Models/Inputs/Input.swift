// Input: the slot of what a model makes of what it reads, before its first layer.

package import Config
package import Tensors

/// What a model reads in one pass, as many sequences as the batch has.
package enum ModelInput {
  /// Texts.
  case tokens(Tokens)
  /// Images cut into patches, row by row: [batch, patches, values of a patch], f32. The values are
  /// ordered by channel, row and column.
  case patches(Tensor)

  package var batch: Int {
    switch self {
    case .tokens(let tokens): tokens.batch
    case .patches(let patches): patches.shape[0]
    }
  }
}

/// What an input must know of the model around it, and of what that reads.
package struct InputContext: Sendable {
  package let width: Int
  /// Distinct tokens, of texts.
  package let vocabulary: Int
  /// Of images; nil where texts are read.
  package let image: ImageSize?
}

/// Makes vectors of the model's width of what it reads.
package protocol Input: Component {
  /// Whether it reads images, not texts.
  static var readsImages: Bool { get }
  init(_ options: Section, _ context: InputContext, _ parameters: ParameterBuilder)
  /// [batch, tokens, width].
  func callAsFunction(_ read: ModelInput, _ pass: Pass) -> Tensor
  /// Where the tokens stand; nil where they stand in a line.
  var grid: PatchGrid? { get }
  /// Whether the last token stands for the whole, of which a class may be told.
  var endsWithClassToken: Bool { get }
  /// Whether it adds a trained row to each token, as `learned` positions do.
  var addsPositions: Bool { get }
  /// The matrix that an output may use again, [alternatives, width]; nil where there is none.
  var table: Parameter? { get }
  /// The matrices that each patch is multiplied by, as (inputs, outputs), for counting work.
  var matrices: [(inputs: Int, outputs: Int)] { get }
  /// Trainable values, by formula.
  var parameterCount: Int { get }
}

extension Input {
  package static var readsImages: Bool { false }
  package var grid: PatchGrid? { nil }
  package var endsWithClassToken: Bool { false }
  package var addsPositions: Bool { false }
  package var table: Parameter? { nil }
  package var matrices: [(inputs: Int, outputs: Int)] { [] }
}
