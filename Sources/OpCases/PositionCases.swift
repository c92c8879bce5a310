// The cases of rotary positions and of rows added by position.

import Glibc
import Tensors

extension OpCase {
  static func positionChecks(_ type: ElementType) -> [OpCase] {
    let shapes: [Shape] = [[1, 1, 1, 2], [2, 5, 3, 6], [1, 7, 2, 34], [2, 65, 1, 64]]
    return shapes.flatMap { shape in
      [rope(shape, interleaved: false, type), rope(shape, interleaved: true, type)]
    } + [
      rope([2, 3, 2, 6], interleaved: false, from: 5, type),
      rope([2, 5, 3, 7], rotated: 4, interleaved: false, type),
      rope([2, 5, 3, 40], rotated: 10, interleaved: true, type),
      rope([1, 9, 2, 96], rotated: 64, interleaved: false, from: 2, type),
      addRows([2, 3, 5], positions: 9, from: 4, type),
      addRows([1, 1, 1], positions: 1, type), addRows([2, 3, 5], positions: 3, type),
      addRows([3, 7, 9], positions: 11, type), addRows([2, 40, 257], positions: 40, type),
    ]
  }

  static func positionBenchmarks(_ type: ElementType) -> [OpCase] {
    [
      rope([16, 256, 8, 32], interleaved: false, type),
      rope([16, 256, 8, 32], interleaved: true, type),
      addRows([16, 256, 256], positions: 256, type),
    ]
  }

  private static func rope(
    _ shape: Shape, rotated: Int? = nil, interleaved: Bool, from first: Int = 0,
    _ type: ElementType
  ) -> OpCase {
    let (tokens, half) = (first + shape[1], (rotated ?? shape[3]) / 2)
    let angles = (0..<tokens * half).map { index in
      Double(index / half) * pow(10000, -Double(index % half) / Double(half))
    }
    return OpCase(
      "rope",
      (interleaved ? "interleaved" : "halves") + (first > 0 ? ", from \(first)" : "")
        + (rotated.map { ", the first \($0)" } ?? ""), type,
      [
        .activation("x", shape),
        .constant("cosine", [tokens, half], .repeating(angles.map { Float(cos($0)) })),
        .constant("sine", [tokens, half], .repeating(angles.map { Float(sin($0)) })),
      ],
      kernels: ["rope"],
      .operation { pass, inputs in
        let table = RotaryTable(cosine: inputs[1], sine: inputs[2], interleaved: interleaved)
        return pass.rope(inputs[0], table, from: first)
      })
  }

  private static func addRows(
    _ shape: Shape, positions: Int, from first: Int = 0, _ type: ElementType
  ) -> OpCase {
    OpCase(
      "add_rows",
      first > 0 ? "from \(first)" : positions > shape[1] ? "more positions than tokens" : "", type,
      [.activation("x", shape), .parameter("rows", [positions, shape[2]])],
      kernels: ["add_rows_forward", "add_rows_backward", "accumulate"],
      .operation { $0.addRows($1[0], $1[1], from: first) })
  }
}
