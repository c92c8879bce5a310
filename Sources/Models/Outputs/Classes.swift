// Classes: the output of a classifier, one answer to a whole image.

package import Config
package import Tensors

/// A logit for each class, of one vector for the whole.
package struct Classes: Output {
  package static let word = "classes"
  package static let summary = "a logit for each class of a whole image"
  package static let formula = "W norm(pool(x)) + b"
  package static let source = "Dosovitskiy et al. 2020, arXiv 2010.11929"
  package static let readsImages = true

  private let head: Linear
  /// The patches that the mean is of; nil where the class token is taken.
  private let patches: Int?
  private let numbers = SequenceNumbers()

  package init(_ options: Section, _ context: OutputContext, _ parameters: ParameterBuilder) {
    let hasToken = context.input.endsWithClassToken
    let pool = options.read(
      "pool",
      .choice(of: [
        Choice("class_token", "the class token alone, as ViT does"),
        Choice("mean", "the mean of the patches, without registers and class token"),
      ]), derived: hasToken ? "class_token" : "mean",
      rule: "class_token where the input has one, else mean", "what stands for the whole image")
    if pool == "class_token", !hasToken {
      options.fault(
        "pool",
        because: .rule("there is no class token to pool by: input.class_token must be true"))
    }
    let hasBias = options.read("bias", .bool, default: true, "give the projection a bias")
    patches = pool == "mean" ? context.input.grid?.patches : nil
    head = parameters.linear(
      "head", inputs: context.width, outputs: context.alternatives, bias: hasBias)
  }

  package func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor {
    patches.map { pass.meanTokens(x, of: $0, numbers) } ?? pass.lastToken(x)
  }

  package func logits(of x: Tensor, _ pass: Pass) -> Tensor { head(x, pass, outputType: .f32) }

  package func answers(tokens: Int) -> Int { 1 }
  package var parameterCount: Int { head.weight.shape.count + (head.bias?.shape.count ?? 0) }
}
