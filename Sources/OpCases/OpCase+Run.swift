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
    case .operation(let prepare):
      return differentiate(prepare(device, tensors), tensors, isLoss: false)
    case .loss(let prepare): return differentiate(prepare(device, tensors), tensors, isLoss: true)
    case .forward(let prepare): return forward(prepare(device, tensors), on: device)
    case .kernel(let body): return results(body(device, tensors), tensors)
    case .prepared(let prepare):
      let prepared = prepare(device, tensors)
      prepared.run()
      return results(prepared.results(), tensors)
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
      let type =
        switch input.role {
        case .activation: type
        case .matrix(let type): type
        case .parameter, .constant: ElementType.f32
        }
      if input.role.hasGradient { slot += 1 }
      return tensor(
        input.shape, type, on: device, slot: input.role.hasGradient ? slot - 1 : -1
      ) { input.values.values($0, name: input.name) }
    }
  }

  /// A tensor with the numbers that `values` makes, so many of them; without any where nothing is
  /// computed.
  func tensor(
    _ shape: Shape, _ type: ElementType, kind: MemoryKind = .data, on device: Device,
    slot: Int = -1, _ values: (Int) -> [Float]
  ) -> Tensor {
    if device.isMeta { return Tensor(shape, type, kind: kind, on: device, slot: slot) }
    return Tensor(values(shape.count), shape, type, kind: kind, on: device, slot: slot)
  }

  /// The weights of an output's elements in the number that is differentiated.
  func seed(_ index: Int, _ count: Int) -> [Float] {
    CaseValues.normal(1).values(count, name: "seed \(index)")
  }

  private func forward(_ body: (Pass) -> Tensor, on device: Device) -> [CaseOutput] {
    let pass = Pass(on: device, precision: type)
    pass.observesLogits = true
    let out = CaseOutput(name: "out", body(pass))
    return [out] + pass.maxLogits.prefix(1).map { CaseOutput(name: "largest logit", $0) }
  }

  private func differentiate(
    _ body: (Pass) -> Tensor, _ tensors: [Tensor], isLoss: Bool
  ) -> [CaseOutput] {
    guard let device = tensors.first?.device else { return [] }
    let leaves = tensors.filter(\.variable.needsGradient)
    let gradients = Gradients(leaves: leaves.map(poisoned), on: device)
    let tape = Tape(leaves: leaves.count)
    let pass = Pass(on: device, tape: tape, precision: type)
    pass.observesLogits = true

    let outputs = [body(pass), body(pass)]
    let seeds = outputs.enumerated().map { index, out in
      (out, gradient: tensor(out.shape, out.type, on: device) { seed(index, $0) })
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
    tensor(leaf.shape, leaf.type, kind: .gradients, on: leaf.device) {
      [Float](repeating: .nan, count: $0)
    }
  }
}
