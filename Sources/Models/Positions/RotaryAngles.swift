// RotaryAngles: the angles of RoPE for one base, as tables of cosines and sines, for scalings whose
// angles are always the same and for those that choose them by the length of the text.

import Glibc
import Tensors

/// The angles of a base under a scaling.
final class RotaryAngles {
  /// At the length that the model is built for.
  let rotation: Rotation
  private let base: Double
  private let dimension: Int
  private let scaling: any RoPE.Scaling
  private let cosines, sines: ConstantTable
  /// The rows asked for last, where the angles depend on the length: every layer asks for the same.
  private var passing: (key: Passing, table: RotaryTable)?

  private struct Passing: Equatable {
    let first, end: Int
    let device: ObjectIdentifier
  }

  init(
    base: Double, dimension: Int, _ scaling: any RoPE.Scaling, interleaved: Bool, length: Int
  ) {
    self.base = base
    self.dimension = dimension
    self.scaling = scaling
    let rotation = Rotation(
      frequencies: scaling.frequencies(base: base, dimension: dimension, length: length),
      unscaled: RoPE.plainFrequencies(base: base, dimension: dimension),
      amplitude: scaling.amplitude, interleaved: interleaved)
    self.rotation = rotation
    let pairs = dimension / 2
    let usual = scaling.frequencies(base: base, dimension: dimension, length: 1)
    cosines = ConstantTable(columns: pairs) { position in
      Self.row(position, usual, scaling.amplitude, cos)
    }
    sines = ConstantTable(columns: pairs) { position in
      Self.row(position, usual, scaling.amplitude, sin)
    }
  }

  /// Angles are computed in double: in float, a cosine at position 131071 would be off by up to
  /// 0.007.
  private static func row(
    _ position: Int, _ frequencies: [Double], _ amplitude: Double, _ wave: (Double) -> Double
  ) -> [Float] {
    frequencies.map { Float(amplitude * wave(Double(position) * $0)) }
  }

  /// A table with the rows of positions `first` to `end`, not included, and the row of `first`.
  func table(
    from first: Int, to end: Int, on device: Device
  ) -> (table: RotaryTable, first: Int) {
    if scaling.hasFixedFrequencies(upTo: end) {
      let table = RotaryTable(
        cosine: cosines(end, on: device), sine: sines(end, on: device),
        interleaved: rotation.interleaved)
      return (table, first)
    }
    let key = Passing(first: first, end: end, device: ObjectIdentifier(device))
    if let passing, passing.key == key { return (passing.table, 0) }
    let frequencies = scaling.frequencies(base: base, dimension: dimension, length: end)
    func rows(_ wave: @escaping (Double) -> Double) -> Tensor {
      let amplitude = scaling.amplitude
      let table = ConstantTable(columns: dimension / 2) {
        Self.row(first + $0, frequencies, amplitude, wave)
      }
      return table(end - first, on: device)
    }
    let table = RotaryTable(
      cosine: rows { cos($0) }, sine: rows { sin($0) }, interleaved: rotation.interleaved)
    passing = (key, table)
    return (table, 0)
  }
}
