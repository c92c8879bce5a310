// Graphs: what is captured runs again with what its memory holds then; and a graph knows when its
// memory is no longer its own.

import CKernels
import Tensors
import Testing

@Suite struct GraphTests {
  private static func devices() throws -> [Device] {
    [Device.cpu(threads: 2), .reference(), try DelayedDevice.open()]
  }

  private func tensor(_ values: [Float], on device: Device) -> Tensor {
    Tensor(values, [values.count], kind: .data, on: device)
  }

  @Test
  func `a graph runs when it is captured and at each replay, with what its memory holds then`()
    throws
  {
    for device in try Self.devices() {
      let (x, sum) = (tensor([1, 2], on: device), tensor([0, 0], on: device))
      // Something of it is scratch memory, and something lives on.
      var out: Tensor?
      func body() {
        let pass = Pass(on: device)
        let doubled = pass.add(x, x)
        out = pass.scale(pass.add(doubled, sum), 10)
      }
      let graph = Graph(on: device, capturing: body)
      let result = try #require(out)
      #expect(result.values() == [20, 40])
      for (values, expected) in [([3, 4], [60, 80]), ([5, -1], [100, -20])] as [([Float], [Float])]
      {
        x.copy(from: values)
        #expect(graph.isCurrent)
        graph.replay()
        #expect(result.values() == expected, "\(device.name)")
      }
      sum.copy(from: [1, 1])
      graph.replay()
      #expect(result.values() == [110, -10])
    }
  }

  @Test func `dropout silences what the step's key says at each replay`() throws {
    for device in try Self.devices() {
      let x = tensor([Float](repeating: 1, count: 1000), on: device)
      let step = StepScalars(on: device)
      var out: Tensor?
      let graph = Graph(on: device) {
        let pass = Pass(on: device)
        pass.dropoutKeys = DropoutKeys(step)
        out = pass.dropout(x, 0.5)
      }
      for number in [7, 8, 7] {
        step.upload(dropout: DropoutKeys.key(seed: 1, step: number))
        graph.replay()
        let pass = Pass(on: device)
        pass.dropoutKeys = DropoutKeys(seed: 1, step: number, on: device)
        #expect(try #require(out).values() == pass.dropout(x, 0.5).values(), "\(device.name)")
      }
    }
  }

  @Test func `a graph that is dropped still runs as often as it was asked to`() throws {
    for device in try Self.devices() {
      let x = tensor([1, 2], on: device)
      var out: Tensor?
      var graph: Graph? = Graph(on: device) { out = Pass(on: device).add(x, x) }
      x.copy(from: [3, 4])
      graph?.replay()
      graph = nil
      #expect(graph === nil && out?.values() == [6, 8], "\(device.name)")
    }
  }

  @Test func `the work of a replay is counted`() {
    let device = Device.cpu(threads: 1)
    let (x, weight) = (tensor([1, 2], on: device).reshaped([1, 2]), tensor([3, 4], on: device))
    let body = { _ = Pass(on: device).linear(x, weight: weight.reshaped([1, 2])) }
    let before = device.work
    let graph = Graph(on: device, capturing: body)
    #expect((device.work - before).total == 4)
    graph.replay()
    #expect((device.work - before).total == 8)
  }

  @Test func `a graph is current while nobody has its memory`() {
    let device = Device.cpu(threads: 1)
    var old: Tensor? = tensor([1, 2], on: device)
    let x = tensor([3, 4], on: device)
    var kept: Tensor?
    var graph = Graph(on: device) {
      let pass = Pass(on: device)
      kept = pass.add(pass.add(x, x), x)
    }
    #expect(graph.isCurrent)
    // Of the same size as the scratch memory, which is the one block that is free.
    var other: Tensor? = tensor([5, 6], on: device)
    #expect(!graph.isCurrent)
    other = nil
    #expect(graph.isCurrent && other == nil)
    // Of a storage that was there before, nobody knows whether the graph reads it.
    old = nil
    #expect(!graph.isCurrent && old == nil)

    kept = nil
    graph = Graph(on: device) { kept = Pass(on: device).add(x, x) }
    #expect(graph.isCurrent && kept != nil)
    kept = nil
    #expect(!graph.isCurrent)

    graph = Graph(on: device) { _ = Pass(on: device).add(x, x) }
    #expect(graph.isCurrent)
    device.trim()
    #expect(!graph.isCurrent)
  }

  @Test func `copies and zeros reach what they name, at once and at each replay`() throws {
    for device in try Self.devices() {
      let (from, to) = (tensor([1, 2], on: device), tensor([0, 0], on: device))
      let cleared = tensor([5, 6], on: device)
      let body = {
        #expect(device.kernels.copy(device.context, to.pointer, from.pointer, 8))
        device.zero(cleared.pointer, bytes: 4)
      }
      body()
      #expect(to.values() == [1, 2] && cleared.values() == [0, 6], "\(device.name)")
      from.copy(from: [3, 4])
      let graph = Graph(on: device, capturing: body)
      #expect(to.values() == [3, 4], "\(device.name)")
      from.copy(from: [7, 8])
      cleared.copy(from: [9, 9])
      graph.replay()
      #expect(to.values() == [7, 8] && cleared.values() == [0, 9], "\(device.name)")
    }
  }
}
