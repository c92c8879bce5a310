// ShapeTable: every parameter of a model with its shape, layers that are alike in one line.

import Config
import Models
import Records
import Statistics
import Tensors

/// The parameters of a model, as a table.
struct ShapeTable {
  private struct Line {
    let name: String
    let shape: [Int]
    var count: Int
  }

  private var lines: [Line] = []
  private let model: Transformer
  private let batch: Int

  /// - Parameter batch: sequences, each as long as the model is built for.
  init(_ model: Transformer, batch: Int) {
    self.model = model
    self.batch = batch
    for parameter in model.parameters.all {
      let name = parameter.name.replacing(#/layers\.\d+\./#, with: "layers.*.")
      let shape = parameter.shape.dimensions
      if let known = lines.firstIndex(where: { $0.name == name && $0.shape == shape }) {
        lines[known].count += 1
      } else {
        lines.append(Line(name: name, shape: shape, count: 1))
      }
    }
  }

  var text: String {
    let shape = model.blocks[0].attention.shape
    let rows = lines.map { line in
      [
        line.name, "\(line.shape)", "\(line.count)",
        Metric.parameters.text(Double(line.count * line.shape.reduce(1, *))),
      ]
    }
    let heads = "\(shape.heads) query and \(shape.kvHeads) key/value heads"
    return "\(model.blocks.count) layers of width \(model.width), "
      + "\(heads) of \(shape.headDimension)\n\n"
      + Table(header: ["parameter", "shape", "times", "values"], rows: rows, left: [0, 1]).text
      + "\n\(Self.grouped(model.parameters.count)) parameters\n\n" + passes
  }

  /// The tensors of one attention, which no parameter shows.
  private var passes: String {
    let shape = model.blocks[0].attention.shape.over(batch: batch, tokens: model.length)
    let scores: Shape = [batch, shape.heads, shape.queries, shape.keys]
    let rows = [
      ["q, out", "\(shape.queryShape)"], ["k, v", "\(shape.keyShape)"],
      ["scores, if they are materialised", "\(scores)"],
    ]
    return Table(header: ["in each attention", "shape"], rows: rows, left: [0, 1]).text
  }

  var json: JSON {
    .array(
      model.parameters.all.map {
        [
          "name": .string($0.name),
          "shape": .array($0.shape.dimensions.map { .integer($0) }),
        ]
      })
  }

  /// 6738415616 as 6,738,415,616.
  static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
