// From f32 to bf16 on the host: a loop that the compiler vectorises, since whole models go through it.

/// Rounds to the nearest bf16, ties to even; all NaN become one, as in the kernels.
package func roundToBF16(
  _ source: UnsafeBufferPointer<Float>, into target: UnsafeMutablePointer<UInt16>
) {
  guard let from = source.baseAddress else { return }
  for index in 0..<source.count {
    let bits = from[index].bitPattern
    let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
    let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
    target[index] = UInt16(truncatingIfNeeded: (isNaN ? 0x7FC0_0000 : rounded) >> 16)
  }
}
