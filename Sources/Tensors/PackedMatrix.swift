// PackedMatrix: a matrix as products read it, made once and kept beside it. Not which matrices are
// kept so: passes say that.

import CKernels

/// What a device's products read of a matrix in place of its elements.
///
/// It belongs to the storage of the matrix, which has it dropped where the matrix is written, and
/// takes it along when it goes.
final class PackedMatrix {
  /// A product that reads it.
  private let product: CKernels.gemm
  private let storage: Storage

  /// - Parameters:
  ///   - product: of b, the matrix.
  ///   - bytes: as the device says.
  fileprivate init(of product: CKernels.gemm, bytes: Int, on device: Device) {
    self.product = product
    storage = Storage(bytes: bytes, kind: .workspace, on: device)
    device.pack(product, to: storage.pointer)
  }

  var pointer: UnsafeRawPointer { UnsafeRawPointer(storage.pointer) }

  /// Whether it is what another product would make of the same matrix.
  fileprivate func serves(_ other: CKernels.gemm) -> Bool {
    (product.b, product.n, product.k) == (other.b, other.n, other.k)
      && product.b_transposed == other.b_transposed
      && (product.a_type, product.b_type) == (other.a_type, other.b_type)
      && product.compute == other.compute
  }
}

extension Storage {
  /// The matrix that it holds, as the product reads it: packed now where no earlier product has
  /// packed it so; nil where the device packs none for such a product.
  func packed(for product: CKernels.gemm) -> UnsafeRawPointer? {
    let bytes = device.packedBytes(of: product)
    guard bytes > 0 else { return nil }
    if let packed, packed.serves(product) { return packed.pointer }
    packed = nil
    let made = PackedMatrix(of: product, bytes: bytes, on: device)
    packed = made
    return made.pointer
  }
}

extension Device {
  /// The bytes of a product's b, packed; 0 where it is read as it is.
  fileprivate func packedBytes(of product: CKernels.gemm) -> Int {
    guard let bytes = kernels.gemm_packed_bytes else { return 0 }
    return withUnsafePointer(to: product) { Int(bytes(context, $0)) }
  }

  fileprivate func pack(_ product: CKernels.gemm, to out: UnsafeMutableRawPointer) {
    // A graph would pack at each replay what is to be packed once.
    requireNoCapture("pack")
    guard let kernel = kernels.gemm_pack else { return }
    run(kernel, CKernels.gemm_pack(out: out, product: product))
  }
}

extension CKernels.gemm_pack: CallCost {
  package var size: CallSize {
    CallSize([product.n, product.k], bytes: 2 * product.b_type.size(of: product.n * product.k))
  }
}
