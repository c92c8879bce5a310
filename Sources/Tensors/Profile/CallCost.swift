// CallCost: what a kernel's call comes to, known from the call alone: its sizes, the operations that
// count, the bytes that must move. The file of each operation says it of its calls.

import CKernels

/// The kinds of work that the time of a step is told by.
package enum WorkKind: String, CaseIterable, Sendable {
  case product, attention, elementwise, optimizer
}

/// What a kernel's call comes to, by which its time is judged.
package protocol CallCost {
  /// The kernel's name, as `kernels.def` has it.
  var kernel: String { get }
  var kind: WorkKind { get }
  /// The operations that a device counts; none where memory sets the pace.
  var work: WorkCount { get }
  /// Asked for where calls are recorded alone.
  var size: CallSize { get }
}

extension CallCost {
  // A call's struct has its kernel's name.
  package var kernel: String { "\(Self.self)" }
  package var kind: WorkKind { .elementwise }
  package var work: WorkCount { WorkCount() }
}

/// The size of a call.
package struct CallSize: Equatable, Sendable {
  /// Such as `4096 x 256`.
  package let text: String
  /// That must be read and written at least once.
  package let bytes: Int64

  init(_ text: String, bytes: Int64) {
    self.text = text
    self.bytes = bytes
  }

  /// - Parameter dimensions: the slowest first.
  init(_ dimensions: [Int64], bytes: Int64) {
    self.init(dimensions.map(String.init).joined(separator: " x "), bytes: bytes)
  }
}

extension element_type {
  /// Bytes of so many elements; of Q8, with the scales of whole blocks.
  func size(of count: Int64) -> Int64 {
    Int64(bytes) * count + (self == .q8 ? 2 * count / Int64(Q8_BLOCK) : 0)
  }
}

extension gradient {
  /// Bytes that move where it gets so many elements: one that grows is read as well.
  func moved(_ count: Int64, _ type: ElementType = .f32) -> Int64 {
    data == nil ? 0 : (accumulate ? 2 : 1) * type.size(of: count)
  }
}

/// What a device is told to set to zero.
struct ZeroCost: CallCost {
  let bytes: Int
  var kernel: String { "zero" }
  var size: CallSize { CallSize("\(bytes) bytes", bytes: Int64(bytes)) }
}

/// A pass over all parameters, whose number the call does not tell: its list lies on the device.
package struct ParameterListCost: CallCost {
  package let kernel: String
  /// Elements of all parameters that have a gradient.
  let elements: Int
  /// Read and written of each element.
  let bytesPerElement: Int64
  package var kind: WorkKind { .optimizer }

  package var size: CallSize {
    CallSize([Int64(elements)], bytes: bytesPerElement * Int64(elements))
  }
}
