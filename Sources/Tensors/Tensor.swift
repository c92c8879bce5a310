// Tensor: a contiguous block of elements with a shape. No operators: operations are methods of
// Pass.

import CKernels

/// What is needed to give a value its gradient, without keeping the value itself alive.
package struct Variable: Sendable {
  /// Index into `Gradients`; negative for a constant.
  package let slot: Int
  package let shape: Shape
  package let type: ElementType

  package var needsGradient: Bool { slot >= 0 }
}

/// A contiguous tensor on a device.
package struct Tensor {
  package let storage: Storage
  package let variable: Variable

  package var shape: Shape { variable.shape }
  package var type: ElementType { variable.type }
  package var count: Int { shape.count }
  package var device: Device { storage.device }
  package var pointer: UnsafeMutableRawPointer { storage.pointer }

  init(storage: Storage, variable: Variable) {
    self.storage = storage
    self.variable = variable
  }

  /// An uninitialised tensor.
  package init(
    _ shape: Shape, _ type: ElementType = .f32, kind: MemoryKind, on device: Device,
    slot: Int = -1
  ) {
    storage = Storage(bytes: type.bytes(of: shape), kind: kind, on: device)
    variable = Variable(slot: slot, shape: shape, type: type)
  }

  /// An uninitialised tensor in a storage that was made for it.
  package init(_ shape: Shape, _ type: ElementType, in storage: Storage, slot: Int = -1) {
    precondition(
      storage.bytes == type.bytes(of: shape),
      "\(storage.bytes) bytes for a tensor \(shape) of \(type.word)")
    self.init(storage: storage, variable: Variable(slot: slot, shape: shape, type: type))
  }

  /// A tensor that holds `values`, converted to `type`.
  package init(
    _ values: [Float], _ shape: Shape, _ type: ElementType = .f32, kind: MemoryKind,
    on device: Device, slot: Int = -1
  ) {
    self.init(shape, type, kind: kind, on: device, slot: slot)
    copy(from: values)
  }

  /// A constant with f32 elements in a given place, which may be larger.
  package init(_ values: [Float], _ shape: Shape, in storage: Storage) {
    precondition(values.count == shape.count, "\(values.count) values for \(shape)")
    self.init(storage: storage, variable: Variable(slot: -1, shape: shape, type: .f32))
    values.withUnsafeBytes { storage.upload($0) }
  }

  /// f32 elements, for the kernels' parameters and statistics.
  package var floats: UnsafeMutablePointer<Float> {
    precondition(type == .f32, "an f32 tensor is needed here, not \(type.word)")
    return pointer.assumingMemoryBound(to: Float.self)
  }

  /// The elements as floats on the host, in memory order.
  package func values() -> [Float] {
    if type == .q8 { return q8Values() }
    guard type == .f32 else {
      let wide = Tensor(shape, .f32, kind: storage.kind, on: device)
      device.convert(self, to: wide)
      return wide.values()
    }
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      storage.download(into: UnsafeMutableRawBufferPointer(buffer))
      filled = count
    }
  }

  /// Overwrites the elements with `values`, converted to the tensor's type.
  package func copy(from values: [Float]) {
    precondition(values.count == count, "\(values.count) values for a tensor of shape \(shape)")
    values.withUnsafeBufferPointer { upload($0, at: 0) }
  }

  /// Overwrites the elements from `first` on with `values`, converted to the tensor's type; those of
  /// Q8 are whole rows.
  package func upload(_ values: UnsafeBufferPointer<Float>, at first: Int) {
    if type == .q8 { return quantise(values, at: first) }
    if type == .f32 { return storage.upload(UnsafeRawBufferPointer(values), at: 4 * first) }
    // A piece at a time: a large tensor is not in memory twice.
    let most = 1 << 16
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: most) { rounded in
      guard let start = rounded.baseAddress else { return }
      for from in stride(from: 0, to: values.count, by: most) {
        let count = min(most, values.count - from)
        roundToBF16(UnsafeBufferPointer(rebasing: values[from..<from + count]), into: start)
        storage.upload(
          UnsafeRawBufferPointer(UnsafeBufferPointer(start: start, count: count)),
          at: 2 * (first + from))
      }
    }
  }

  /// Sets every element to zero.
  package func zero() {
    storage.packed = nil
    device.zero(pointer, bytes: storage.bytes)
  }

  /// The same elements under another shape.
  package func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == count, "\(self.shape) cannot be reshaped to \(shape)")
    return Tensor(
      storage: storage, variable: Variable(slot: variable.slot, shape: shape, type: type))
  }

  /// The same elements as a constant: no gradient flows into it.
  package func detached() -> Tensor {
    Tensor(storage: storage, variable: Variable(slot: -1, shape: shape, type: type))
  }
}

/// Token ids on a device, shape [batch, tokens].
package struct Tokens {
  package let storage: Storage
  package let batch: Int
  package let count: Int
  /// The least and the greatest id; nil without ids.
  private let extremes: (least: Int32, greatest: Int32)?

  /// - Parameter ids: [batch, tokens], row by row.
  package init(_ ids: [Int32], batch: Int, on device: Device) {
    self.init(
      ids, batch: batch, in: Storage(bytes: ids.count * 4, kind: .data, on: device))
  }

  /// The same in a given place, which may be larger.
  package init(_ ids: [Int32], batch: Int, in storage: Storage) {
    precondition(batch > 0 && ids.count % batch == 0, "\(ids.count) ids in \(batch) rows")
    self.storage = storage
    self.batch = batch
    count = ids.count
    extremes = ids.min().flatMap { least in ids.max().map { (least, $0) } }
    ids.withUnsafeBytes { storage.upload($0) }
  }

  /// Tokens without ids, for a device that computes nothing.
  package init(batch: Int, sequence: Int, on device: Device) {
    precondition(device.isMeta, "tokens without ids are for a dry run")
    storage = Storage(bytes: batch * sequence * 4, kind: .data, on: device)
    self.batch = batch
    count = batch * sequence
    extremes = nil
  }

  /// Ends the program where an id is outside a vocabulary: the kernels would read and write beyond
  /// its rows.
  package func require(vocabulary: Int, in operation: String) {
    guard let extremes else { return }
    let stray = extremes.least < 0 ? extremes.least : extremes.greatest
    if stray < 0 || stray >= vocabulary {
      fatalError("\(operation): token \(stray) is not in a vocabulary of \(vocabulary)")
    }
  }

  package var sequence: Int { count / batch }

  var pointer: UnsafePointer<Int32> {
    UnsafePointer(storage.pointer.assumingMemoryBound(to: Int32.self))
  }
}
