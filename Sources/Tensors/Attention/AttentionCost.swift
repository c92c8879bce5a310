// AttentionCost: what a call of an attention kernel comes to. The call itself does not tell which
// algorithm it is of, and what position hides is counted from the shape.

import CKernels

/// One attention by one algorithm, forward or backward.
struct AttentionCost: CallCost {
  let algorithm: AttentionAlgorithm
  let shape: AttentionShape
  let type: ElementType
  let savedBytes: Int
  /// Of q, k and v; nil of forward.
  var gradients: (q: gradient, k: gradient, v: gradient)?

  /// Such as `flash2_forward`.
  var kernel: String { algorithm.rawValue + (gradients == nil ? "_forward" : "_backward") }
  var kind: WorkKind { .attention }

  var work: WorkCount {
    WorkCount(
      attention: gradients == nil
        ? shape.forwardFLOPs(by: algorithm) : shape.backwardFLOPs(by: algorithm))
  }

  /// Such as `16 x 256 x 256, heads 8:2 x 32`: batch x queries x keys, query heads to key/value
  /// heads, and the features of each.
  var size: CallSize {
    let heads = shape.heads == shape.kvHeads ? "\(shape.heads)" : "\(shape.heads):\(shape.kvHeads)"
    let text =
      "\(shape.batch) x \(shape.queries) x \(shape.keys), heads \(heads) x \(shape.headDimension)"
    let (q, k) = (Int64(shape.queryShape.count), Int64(shape.keyShape.count))
    var bytes = Int64(shape.readBytes(type) + savedBytes)
    if let gradients {
      // The output and its gradient are read.
      bytes += type.size(of: 2 * q) + gradients.q.moved(q, type)
      bytes += gradients.k.moved(k, type) + gradients.v.moved(k, type)
    } else {
      bytes += type.size(of: q)
    }
    return CallSize(text, bytes: bytes)
  }
}
