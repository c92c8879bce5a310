// ImagePool: which vector stands for a whole image.

import Config
import Tensors

/// Makes one vector of the tokens of an image.
struct ImagePool {
  /// The patches that the mean is of; nil where the class token is taken.
  private let patches: Int?
  /// Whether the last norm is of each token, before they are one vector.
  let followsNorm: Bool
  private let numbers = SequenceNumbers()

  init(_ options: Section, _ input: any Input) {
    let hasToken = input.endsWithClassToken
    let pool = options.read(
      "pool",
      .choice(of: [
        Choice("class_token", "the class token alone, as ViT does"),
        Choice("mean", "the mean of the patches, without registers and class token"),
        Choice("normed_mean", "the same where the last norm comes before the mean (timm's DINOv3)"),
      ]), derived: hasToken ? "class_token" : "mean",
      rule: "class_token where the input has one, else mean", "what stands for the whole image")
    if pool == "class_token", !hasToken {
      options.fault(
        "pool",
        because: .rule("there is no class token to pool by: input.class_token must be true"))
    }
    patches = pool == "class_token" ? nil : input.grid?.patches
    followsNorm = pool == "normed_mean"
  }

  /// x [batch, tokens, width] to [batch, 1, width].
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    patches.map { pass.meanTokens(x, of: $0, numbers) } ?? pass.lastToken(x)
  }
}
