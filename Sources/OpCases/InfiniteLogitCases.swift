// The cases of logits that are not finite: what each algorithm says the largest one is.

import Tensors

extension OpCase {
  /// The largest logit of each head: +inf where a logit is and none is NaN, and NaN where one is,
  /// wherever it stands beside the infinite one: keys are taken in blocks.
  static func infiniteLogits(
    queries: Int, _ algorithm: AttentionAlgorithm, _ type: ElementType
  ) -> OpCase {
    /// Where numbers of a head are not finite: the first elements of a query's row, or a key's.
    struct Head {
      var infinite: [Int] = []
      var nan: [Int] = []
      var nanQuery: Int?
    }
    let heads = [
      Head(), Head(infinite: [200]), Head(infinite: [3, 70, 299]), Head(nan: [200]),
      Head(infinite: [200], nan: [10]), Head(infinite: [200], nan: [299]),
      Head(infinite: [200], nan: [199]), Head(infinite: [200], nan: [201]),
      Head(infinite: [0], nan: [299]), Head(infinite: [200], nanQuery: queries - 1),
    ]
    let shape = AttentionShape(
      queries: queries, keys: 300, heads: heads.count, kvHeads: heads.count, headDimension: 64,
      isCausal: false)
    let width = shape.headDimension
    var one = OpCase(
      "attention", "\(algorithm.rawValue), infinite logits", type,
      [
        .activation("q", shape.queryShape), .activation("k", shape.keyShape),
        .activation("v", shape.keyShape),
      ],
      kernels: ["\(algorithm.rawValue)_attention"],
      .kernel { device, inputs in
        if device.isMeta { return [] }
        var (q, k) = (inputs[0].values(), inputs[1].values())
        for (head, marks) in heads.enumerated() {
          func row(_ index: Int) -> Int { (index * heads.count + head) * width }
          // The first element is 0 but for one query and these keys, whose product is 1e60.
          for query in 0..<queries { q[row(query)] = 0 }
          for key in 0..<shape.keys { k[row(key)] = 0 }
          q[row(0)] = 1e30
          for key in marks.infinite { k[row(key)] = 1e30 }
          for key in marks.nan { k[row(key)] = .nan }
          if let query = marks.nanQuery { q[row(query)] = .nan }
        }
        let pass = Pass(on: device)
        pass.observesLogits = true
        _ = pass.attention(
          Tensor(q, shape.queryShape, type, kind: .data, on: device),
          Tensor(k, shape.keyShape, type, kind: .data, on: device), inputs[2], shape,
          AttentionMasks(), by: algorithm.orItsLike(on: device))
        return pass.maxLogits.first?.values() ?? []
      })
    one.attention = (algorithm, shape)
    return one
  }
}
