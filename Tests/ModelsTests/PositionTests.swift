// Positional encodings: the same row wherever a pass begins, the right angles far out, and each
// scaling's formula.

import Config
import Foundation
import Models
import Tensors
import TestModels
import Testing

@Suite("positions")
struct PositionTests {
  @Test(
    "a pass that begins at position p has the rows of the whole from p on",
    arguments: ["none", "sinusoidal", "learned", "rope", "alibi"])
  func offsets(word: String) throws {
    let device = Device.reference()
    let position = try encoding(word, dimension: 8, length: 9, on: device)
    let values = Random(seed: 1, purpose: "x").normals(9 * 16, deviation: 1)
    func rows(_ range: Range<Int>) -> Tensor {
      Tensor(
        Array(values[(range.lowerBound * 16)..<(range.upperBound * 16)]), [1, range.count, 16],
        kind: .data, on: device)
    }
    let pass = Pass(on: device)
    for start in 0..<9 {
      let x = rows(start..<9)
      let embedded = position.embed(x, pass, from: start).values()
      let isTail = embedded == position.embed(rows(0..<9), pass).values().suffix(embedded.count)
      #expect(isTail, "embedded from \(start)")
      let turned = position.rotate(x.reshaped([1, 9 - start, 2, 8]), pass, from: start).values()
      let all = position.rotate(rows(0..<9).reshaped([1, 9, 2, 8]), pass).values()
      let isTurnedAlike = turned == all.suffix(turned.count)
      #expect(isTurnedAlike, "turned from \(start)")
    }
  }

  /// Cosine and sine of some pairs at position 131071, computed with 40 digits.
  private static let far: [(options: String, dimension: Int, angles: [Int: (Double, Double)])] = [
    (
      "{type: rope, base: 10000}", 8,
      [
        0: (-0.81798349938794908, -0.57524168375478937),
        1: (0.9303429898443915, 0.36669049789624827),
        2: (-0.78638369025726082, -0.61773836832219874),
        3: (0.64031237631175251, -0.76811461432653177),
      ]
    ),
    (
      "{type: rope, base: 500000}", 128,
      [
        0: (-0.81798349938794908, -0.57524168375478937),
        17: (0.94212714779185275, 0.33525577906068741),
        40: (-0.1813242756388323, -0.98342336105263066),
        63: (0.94866836970291609, 0.31627254753647419),
      ]
    ),
  ]

  @Test("angles at position 131071 are right to a float's rounding")
  func farAngles() throws {
    let device = Device.reference()
    for (options, d, angles) in Self.far {
      let rope = try encoding(options, dimension: d, on: device)
      let found = turnedUnits(rope, d, from: 131_071, on: device)
      for (pair, (cosine, sine)) in angles {
        #expect(abs(Double(found[pair]) - cosine) <= 6e-8, "\(options), pair \(pair)")
        #expect(abs(Double(found[d / 2 + pair]) - sine) <= 6e-8, "\(options), pair \(pair)")
      }
    }
  }

  @Test(
    "a scaling's angles are those of its formula",
    arguments: [
      ("none", 10000, 8, [1, 0.1, 0.01, 0.001]),
      ("{type: linear, factor: 8}", 10000, 8, [0.125, 0.0125, 0.00125, 0.000125]),
      ("{type: ntk, factor: 8}", 10000, 8, [1, 0.05, 0.0025, 0.000125]),
      (
        "{type: yarn, factor: 4, original_length: 2048}", 10000, 16,
        [
          1, 0.31622776601683793, 0.1, 0.025693505988868082, 0.00625, 0.001383496476323666,
          0.00025, 7.9056941504209483e-5,
        ]
      ),
      (
        "llama3", 500000, 16,
        [
          1, 0.19392274474868577, 0.037606030930863936, 0.007292664737217109,
          0.00052484616099295467, 3.4281021959525915e-5, 6.6478698711812358e-6,
          1.2891731721515574e-6,
        ]
      ),
    ])
  func scalings(options: String, base: Double, dimension: Int, expected: [Double]) throws {
    let section = try modelSection("scaling: \(options)")
    let read = section.component(
      "scaling", of: Slots.scaling.components.map(\.choice), default: "none", "")
    let type = try #require(Registry.scalings.first { $0.word == read.word })
    let scaling = type.init(read.options, ScalingContext(length: 1, dimension: dimension))
    let found = scaling.frequencies(base: base, dimension: dimension, length: 1)
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      #expect(abs(found - expected) <= 1e-14 * expected)
    }
    #expect(
      abs(scaling.amplitude - (read.word == "yarn" ? 1.1386294361119891 : 1)) <= 1e-15)
  }

  @Test("YaRN's factor on the scores can be set, and is 1 where nothing is stretched")
  func amplitude() throws {
    let context = ScalingContext(length: 64, dimension: 8)
    let set = RoPE.YaRN(try modelSection("attention_factor: 0.5"), context)
    #expect(set.amplitude == 0.5)
    let plain = RoPE.YaRN(try modelSection("factor: 1"), context)
    #expect(plain.amplitude == 1)
    #expect(
      plain.frequencies(base: 100, dimension: 8, length: 1)
        == RoPE.NoScaling(try modelSection("{}"), context)
        .frequencies(base: 100, dimension: 8, length: 1))
  }

  @Test(
    "a scaling whose ends are the wrong way round is a fault",
    arguments: [
      (
        "{type: yarn, beta_fast: 1, beta_slow: 2}", "beta_slow (2) must not be above beta_fast (1)"
      ),
      (
        "{type: llama3, low_freq_factor: 4}", "high_freq_factor must be above low_freq_factor"
      ),
    ])
  func faults(scaling: String, message: String) throws {
    let recorder = Recorder()
    let section = try modelSection(
      "position: {type: rope, scaling: \(scaling)}", recorder: recorder)
    _ = Transformer(section, vocabulary: 5, length: 8)
    let faults = recorder.finish()
    #expect(faults.count == 1)
    #expect(Faults(faults).text.contains(message))
  }

  @Test("a scaling that depends on the length begins where the original length ends")
  func lengths() throws {
    let context = ScalingContext(length: 64, dimension: 8)
    let plain = RoPE.plainFrequencies(base: 100, dimension: 8)
    let dynamic = RoPE.Dynamic(
      try modelSection("{factor: 2, original_length: 10}"), context)
    #expect(dynamic.hasFixedFrequencies(upTo: 10) && !dynamic.hasFixedFrequencies(upTo: 11))
    #expect(dynamic.frequencies(base: 100, dimension: 8, length: 10) == plain)
    // base' = 100 (2 x 30 / 10 - 1)^(8/6), whose last pair turns by base'^(-6/8) = 100^(-3/4) / 5.
    let last = try #require(dynamic.frequencies(base: 100, dimension: 8, length: 30).last)
    #expect(abs(last - pow(100, -0.75) / 5) <= 1e-15)
    let long = RoPE.LongRoPE(
      try modelSection(
        "{original_length: 16, short_factor: 2, long_factor: [1, 2, 4, 8]}"), context)
    #expect(long.hasFixedFrequencies(upTo: 16) && !long.hasFixedFrequencies(upTo: 17))
    #expect(long.frequencies(base: 100, dimension: 8, length: 16) == plain.map { $0 / 2 })
    #expect(
      long.frequencies(base: 100, dimension: 8, length: 17)
        == zip(plain, [1, 2, 4, 8]).map { $0 / $1 })
    // 64 / 16 is the factor, and ln 4 / ln 16 a half.
    #expect(abs(long.amplitude - 1.5.squareRoot()) <= 1e-15)
  }

  @Test("YaRN's ramp may end between pairs, and its factor on the scores be DeepSeek's")
  func yarnVariants() throws {
    let context = ScalingContext(length: 64, dimension: 16)
    let options = "factor: 8, original_length: 64, beta_fast: 4, beta_slow: 1"
    let whole = RoPE.YaRN(try modelSection("{\(options)}"), context)
    let exact = RoPE.YaRN(try modelSection("{\(options), truncate: false}"), context)
    func ramp(_ scaling: RoPE.YaRN) -> [Double] {
      zip(
        scaling.frequencies(base: 100, dimension: 16, length: 1),
        RoPE.plainFrequencies(base: 100, dimension: 16)
      ).map { (1 - $0 / $1) * 8 / 7 }
    }
    // The pair that turns c times in 64 tokens is 16 ln(64 / (2 pi c)) / (2 ln 100).
    let (low, high) = (1.62376, 4.032)
    for (pair, (whole, exact)) in zip(ramp(whole), ramp(exact)).enumerated() {
      #expect(abs(exact - min(max((Double(pair) - low) / (high - low), 0), 1)) < 1e-4)
      #expect(abs(whole - min(max((Double(pair) - 1) / 4, 0), 1)) < 1e-12)
    }
    let deepseek = RoPE.YaRN(
      try modelSection("{factor: 40, mscale: 0.707, mscale_all_dim: 0.5}"), context)
    #expect(
      abs(deepseek.amplitude - (0.0707 * log(40.0) + 1) / (0.05 * log(40.0) + 1)) <= 1e-15)
  }

  @Test("part of a head turns as a smaller head would, and the rest stays")
  func partial() throws {
    let device = Device.reference()
    let part = try encoding("{type: rope, partial: 0.5}", dimension: 16, on: device)
    let small = try encoding("rope", dimension: 8, on: device)
    let values = (0..<16).map { Float($0) - 5.5 }
    func turned(_ encoding: any Position, _ values: [Float]) -> [Float] {
      let x = Tensor(values, [1, 1, 1, values.count], kind: .data, on: device)
      return encoding.rotate(x, Pass(on: device), from: 9).values()
    }
    #expect(turned(part, values) == turned(small, Array(values[..<8])) + values[8...])
  }

  @Test("a list of positions repeats over the layers; what is added stands alone")
  func lists() throws {
    let model = try TestModels.model(
      "layers: 5\nposition: [rope, {type: rope, base: 50}, none]", vocabulary: 5, length: 8)
    let kinds = (0..<5).map { model.position(of: $0).rotation(layer: $0)?.frequencies.last }
    #expect(kinds[2] == nil && kinds[0] == kinds[3] && kinds[1] == kinds[4] && kinds[0] != kinds[1])
    let recorder = Recorder()
    let section = try modelSection("position: [rope, {type: learned}]", recorder: recorder)
    _ = Transformer(section, vocabulary: 5, length: 8)
    let text = Faults(recorder.finish()).text
    #expect(text.contains("learned positions are added once, before the first layer"))
  }

  @Test("a list of bases repeats over the layers")
  func bases() throws {
    let device = Device.reference()
    let both = try encoding("{type: rope, base: [10000, 50]}", dimension: 8, on: device)
    let one = try encoding("{type: rope, base: 10000}", dimension: 8, on: device)
    let other = try encoding("{type: rope, base: 50}", dimension: 8, on: device)
    for layer in 0..<4 {
      let expected = turnedUnits(layer % 2 == 0 ? one : other, 8, from: 7, on: device)
      #expect(turnedUnits(both, 8, layer: layer, from: 7, on: device) == expected)
    }
  }

  @Test("ALiBi's slopes halve evenly, also where heads are no power of two")
  func slopes() throws {
    let alibi = try encoding("alibi", dimension: 8, on: Device.reference())
    #expect(alibi.slopes(heads: 1) == [0x1p-8])
    #expect(
      alibi.slopes(heads: 8) == (1...8).map { Float(sign: .plus, exponent: -$0, significand: 1) })
    #expect(alibi.slopes(heads: 6) == [0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125])
    #expect(try encoding("rope", dimension: 8, on: Device.reference()).slopes(heads: 8) == nil)
  }

  @Test("every scheme gives logits of its own")
  func differences() throws {
    let device = Device.reference()
    let all = try TinyModel.all.filter { $0.slot == "position" }.map {
      try $0.model(on: device, seed: 1)(TinyBatch(on: device).inputs, Pass(on: device)).values()
    }
    #expect(all.count == Registry.positions.count { !$0.isOfGrid } && Set(all).count == all.count)
  }

  @Test("a table that grows a row at a time computes each row once")
  func growth() {
    let device = Device.reference()
    var asked: [Int] = []
    let table = ConstantTable(columns: 2) { position in
      asked.append(position)
      return [Float(position), 1]
    }
    for count in 1...100 {
      let rows = table(count, on: device)
      #expect(rows.shape[0] >= count && rows.shape[0] < 2 * max(count, 2))
    }
    #expect(asked == Array(0..<128))
    #expect(table(1, on: device).values() == (0..<128).flatMap { [Float($0), 1] })
  }

  private func encoding(
    _ options: String, dimension: Int, length: Int = 64, on device: Device
  ) throws -> any Position {
    let recorder = Recorder()
    let section = try modelSection("position: \(options)", recorder: recorder)
    let read = section.component(
      "position", of: Slots.position.components.map(\.choice), default: "none", "")
    let type = try #require(Registry.positions.first { $0.word == read.word })
    let parameters = ParameterList()
    let position = type.init(
      read.options, PositionContext(width: 16, headDimension: dimension, length: length),
      ParameterBuilder(parameters, deviation: 1, residuals: 1))
    try #require(recorder.finish().isEmpty)
    parameters.materialise(on: device, seed: 1)
    return position
  }

  /// Cosines, then sines: what becomes of (1, 0) in every pair.
  private func turnedUnits(
    _ position: any Position, _ d: Int, layer: Int = 0, from place: Int, on device: Device
  ) -> [Float] {
    let units = (0..<d).map { Float($0 < d / 2 ? 1 : 0) }
    let x = Tensor(units, [1, 1, 1, d], kind: .data, on: device)
    return position.rotate(x, Pass(on: device), layer: layer, from: place).values()
  }
}
