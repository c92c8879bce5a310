// Running a case on a device: its outputs and gradients as plain numbers, to be compared.

package import Tensors

/// One result of a case.
package struct CaseOutput: Sendable {
  /// Such as `out` or `gradient of x`.
  package let name: String
  package let values: [Float]
  /// The length of a row.
  package let columns: Int
  /// Whether it should be there and is not, as a gradient that nothing flowed into.
  package let isMissing: Bool

  package init(name: String, values: [Float], columns: Int, isMissing: Bool = false) {
    self.name = name
    self.values = values
    self.columns = columns
    self.isMissing = isMissing
  }

  init(name: String, _ tensor: Tensor) {
    self.init(name: name, values: tensor.values(), columns: tensor.shape.columns)
  }
}

extension OpCase {
  /// Runs the case once, from the same inputs on every device.
  ///
  /// An operation is run twice on the same inputs, and both are differentiated. So each gradient is
  /// written and then added to: its memory is filled with NaN before, and a kernel that reads what
  /// it should overwrite shows.
  package func run(on device: Device) -> [CaseOutput] {
    let tensors = inputTensors(on: device)
    switch body {
    case .operation(let body): return differentiate(body, tensors, isLoss: false)
    case .loss(let body): return differentiate(body, tensors, isLoss: true)
    case .kernel(let body): return results(body(device, tensors), tensors)
    case .prepared(let prepare): return results(prepare(device, tensors)(), tensors)
    }
  }

  private func results(_ result: [Float], _ tensors: [Tensor]) -> [CaseOutput] {
    zip(inputs, tensors).map { CaseOutput(name: $0.name, $1) }
      + (result.isEmpty
        ? [] : [CaseOutput(name: "result", values: result, columns: result.count)])
  }

  /// The inputs on `device`, of which the i-th one with a gradient has slot i.
  func inputTensors(on device: Device) -> [Tensor] {
    var slot = 0
    return inputs.map { input in
      let values = input.values.values(input.shape.count, name: input.name)
      let type = input.role == .activation ? type : .f32
      guard input.role != .constant else {
        return Tensor(values, input.shape, type, kind: .data, on: device)
      }
      defer { slot += 1 }
      return Tensor(values, input.shape, type, kind: .data, on: device, slot: slot)
    }
  }

  /// The weights of an output's elements in the number that is differentiated.
  func seed(_ index: Int, _ count: Int) -> [Float] {
    CaseValues.normal(1).values(count, name: "seed \(index)")
  }

  private func differentiate(
    _ body: (Pass, [Tensor]) -> Tensor, _ tensors: [Tensor], isLoss: Bool
  ) -> [CaseOutput] {
    guard let device = tensors.first?.device else { return [] }
    let leaves = tensors.filter(\.variable.needsGradient)
    let gradients = Gradients(leaves: leaves.map(poisoned), on: device)
    let tape = Tape(leaves: leaves.count)
    let pass = Pass(on: device, tape: tape, precision: type)
    pass.observesLogits = true

    let outputs = [body(pass, tensors), body(pass, tensors)]
    let seeds = outputs.enumerated().map { index, out in
      (
        out,
        gradient: Tensor(
          seed(index, out.count), out.shape, out.type, kind: .data, on: device)
      )
    }
    tape.backward(into: gradients, seeds: isLoss ? [] : seeds)

    var results = [CaseOutput(name: "out", outputs[0])]
    results += pass.maxLogits.prefix(1).map { CaseOutput(name: "largest logit", $0) }
    for (input, tensor) in zip(inputs, tensors) where tensor.variable.needsGradient {
      let (name, gradient) = ("gradient of \(input.name)", gradients.leaf(tensor.variable.slot))
      results.append(
        gradient.map { CaseOutput(name: name, $0) }
          ?? CaseOutput(name: name, values: [], columns: input.shape.columns, isMissing: true))
    }
    return results
  }

  private func poisoned(_ leaf: Tensor) -> Tensor {
    Tensor(
      [Float](repeating: .nan, count: leaf.count), leaf.shape, leaf.type, kind: .gradients,
      on: leaf.device)
  }
}
