// AttentionMasks: the tensors that an attention reads beside queries, keys and values.

/// What hides or weakens keys, as far as it lies on a device.
package struct AttentionMasks {
  /// The slopes of ALiBi, [heads], f32.
  package var slopes: Tensor?
  /// True where a key takes part.
  package var keep: BooleanMask?
  /// Added to the logits, f32; -inf hides a key.
  package var bias: Tensor?

  package init(slopes: Tensor? = nil, keep: BooleanMask? = nil, bias: Tensor? = nil) {
    self.slopes = slopes
    self.keep = keep
    self.bias = bias
  }

  /// Whether these are the tensors that a shape tells of.
  func fit(_ shape: AttentionShape) -> Bool {
    slopes.map(\.shape) == (shape.hasSlopes ? [shape.heads] : nil) && keep?.shape == shape.keep
      && bias?.shape == shape.bias
  }
}

/// A boolean mask on a device, [batch or 1, heads or 1, queries or 1, keys].
package struct BooleanMask {
  package let storage: Storage
  package let shape: Shape

  /// - Parameter values: true where a key takes part, in memory order.
  package init(_ values: [Bool], _ shape: Shape, on device: Device) {
    precondition(
      values.count == shape.count && shape.rank == 4, "\(values.count) values for \(shape)")
    storage = Storage(bytes: values.count, kind: .data, on: device)
    self.shape = shape
    values.map { $0 ? UInt8(1) : 0 }.withUnsafeBytes { storage.upload($0) }
  }

  /// A mask without values, for a device that computes nothing.
  package init(_ shape: Shape, on device: Device) {
    precondition(device.isMeta && shape.rank == 4, "a mask without values is for a dry run")
    storage = Storage(bytes: shape.count, kind: .data, on: device)
    self.shape = shape
  }

  var pointer: UnsafePointer<UInt8> {
    UnsafePointer(storage.pointer.assumingMemoryBound(to: UInt8.self))
  }
}
