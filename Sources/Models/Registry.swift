// The registry: one line a component. Listing a type here makes it known to experiment files, to
// `runexp components`, to the documentation and to the tests that every component must pass.

/// The components that fill the slots of a model.
package enum Registry {
  package static let inputs: [any Input.Type] = [
    TokenEmbedding.self,
    PatchEmbedding.self,
  ]

  package static let norms: [any Norm.Type] = [
    RMSNorm.self,
    LayerNorm.self,
    NoNorm.self,
  ]

  package static let blocks: [any Block.Type] = [
    Sequential.self,
    Parallel.self,
  ]

  package static let attentions: [any Attention.Type] = [
    MHA.self,
    GQA.self,
    MQA.self,
  ]

  package static let positions: [any Position.Type] = [
    NoPosition.self,
    Sinusoidal.self,
    Learned.self,
    RoPE.self,
    ALiBi.self,
    SinCos2D.self,
    RoPE2D.self,
  ]

  package static let scalings: [any RoPE.Scaling.Type] = [
    RoPE.NoScaling.self,
    RoPE.Linear.self,
    RoPE.NTK.self,
    RoPE.YaRN.self,
    RoPE.Llama3.self,
    RoPE.Dynamic.self,
    RoPE.LongRoPE.self,
  ]

  package static let feedForwards: [any FeedForward.Type] = [
    GELU.self,
    ReLU.self,
    ReLU2.self,
    SiLU.self,
    SwiGLU.self,
    GEGLU.self,
    GELUTanh.self,
    GEGLUTanh.self,
  ]
  package static let outputs: [any Output.Type] = [
    NextToken.self,
    Classes.self,
    Features.self,
  ]
}
