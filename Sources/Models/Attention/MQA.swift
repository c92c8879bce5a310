// MQA: all query heads share one key/value head, which makes the cache as small as it gets.

package import Config

/// Multi-query attention.
package struct MQA: StandardAttention {
  package static let word = "mqa"
  package static let summary = "multi-query attention: one key/value head for all query heads"
  package static let formula = "softmax(q_h k^T / sqrt d) v for each head h"
  package static let source = "Shazeer 2019, arXiv 1911.02150"

  package let layer: AttentionLayer

  package init(
    _ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder
  ) {
    layer = AttentionLayer(kvHeads: 1, context, parameters)
  }
}
