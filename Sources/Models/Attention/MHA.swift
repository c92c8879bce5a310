// MHA: every query head has a key/value head of its own.

package import Config

/// Multi-head attention.
package struct MHA: StandardAttention {
  package static let word = "mha"
  package static let summary = "multi-head attention: a key/value head for each query head"
  package static let formula = "softmax(q_h k_h^T / sqrt d) v_h for each head h"
  package static let source = "Vaswani et al. 2017, arXiv 1706.03762"

  package let layer: AttentionLayer

  package init(
    _ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder
  ) {
    layer = AttentionLayer(kvHeads: context.options.heads, context, parameters)
  }
}
