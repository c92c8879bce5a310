// Ticks stand at round numbers, and every value has its place on the axis or none.

import Analysis
import Testing
import Records

@Suite struct ChartAxisTests {
  @Test func `linear ticks are multiples of 1, 2 or 5`() {
    #expect(Ticks.linear(0, 10) == [0, 2, 4, 6, 8, 10])
    #expect(Ticks.linear(1.63, 4.2).map { ($0 * 10).rounded() } == [20, 25, 30, 35, 40])
    #expect(Ticks.linear(-3, 3) == [-3, -2, -1, 0, 1, 2, 3])
    #expect(Ticks.linear(1, 1).isEmpty && Ticks.linear(.nan, 1).isEmpty)
  }

  @Test func `bytes and tokens have powers of two`() {
    #expect(Ticks.binary(0, 8192) == [0, 2048, 4096, 6144, 8192])
    #expect(Ticks.powersOfTwo(100, 1100) == [128, 256, 512, 1024])
    #expect(Ticks.powersOfTwo(1, 4_294_967_296).count <= 7)
  }

  @Test func `a logarithmic axis has decades`() {
    #expect(Ticks.decades(0.9, 1100) == [1, 10, 100, 1000])
    #expect(Ticks.decades(1, 10) == [1, 2, 5, 10])
    let many = Ticks.decades(1e-9, 1e12)
    #expect((3...7).contains(many.count))
    #expect(Ticks.decades(0, 10).isEmpty)
  }

  @Test(arguments: [
    (1e-12, 1e-11), (0.98, 1.02), (3.0, 3.5), (1e6, 1e13), (0.5, 1e4), (1024, 2048),
  ])
  func `there are two to ten ticks within any range`(low: Double, high: Double) {
    for ticks in [
      Ticks.linear(low, high), Ticks.decades(low, high), Ticks.binary(low, high),
      Ticks.powersOfTwo(low, high),
    ] {
      #expect((2...10).contains(ticks.count), "\(ticks)")
      #expect(ticks.allSatisfy { $0 >= low * 0.999_999 && $0 <= high * 1.000_001 })
    }
  }

  @Test func `values have places between 0 and 1`() throws {
    let linear = try #require(ChartAxis([2, 4], unit: .plain, padding: 0))
    #expect(linear.place(2) == 0 && linear.place(3) == 0.5 && linear.place(4) == 1)
    let log = try #require(
      ChartAxis([1, 100], unit: .plain, isLogarithmic: true, padding: 0))
    #expect(abs(try #require(log.place(10)) - 0.5) < 1e-12)
    #expect(log.place(0) == nil && log.place(-1) == nil && log.place(.nan) == nil)
  }

  @Test func `no value makes no axis, one value does`() throws {
    #expect(ChartAxis([], unit: .plain) == nil)
    #expect(ChartAxis([.nan, .infinity], unit: .plain) == nil)
    #expect(ChartAxis([0, -2], unit: .plain, isLogarithmic: true) == nil)
    let one = try #require(ChartAxis([7], unit: .count))
    #expect(abs(try #require(one.place(7)) - 0.5) < 1e-12 && !one.ticks.isEmpty)
    let log = try #require(ChartAxis([512], unit: .tokens, isLogarithmic: true))
    #expect(abs(try #require(log.place(512)) - 0.5) < 1e-12)
  }

  @Test func `ticks say their values in the metric's unit`() throws {
    let bytes = try #require(
      ChartAxis([0, 4 << 20].map(Double.init), unit: .metric(.peakBytes), fromZero: true))
    #expect(bytes.ticks.map(\.text) == ["0 B", "1 MiB", "2 MiB", "3 MiB", "4 MiB"])
    let sizes = try #require(
      ChartAxis([128, 8192], unit: .tokens, isLogarithmic: true, at: [128, 1024, 8192]))
    #expect(sizes.ticks.map(\.text) == ["128", "1\u{2009}024", "8\u{2009}192"])
  }

  @Test(arguments: [
    (0.001, 0.004), (1.2345, 1.2349), (0, 1e-7), (61.21, 61.24), (1_048_576, 1_048_580),
    (2.001, 2.009), (0.0141, 0.0152), (-0.02, 0.03), (1e-8, 4e-7),
  ])
  func `no two ticks read alike, and none reads zero that is not`(low: Double, high: Double) throws
  {
    let metrics: [Metric] = [
      .valLoss, .tokensPerSecond, .peakBytes, .stepSeconds, .peakPercent, .relativeError,
    ]
    for unit in [ChartAxis.Unit.plain] + metrics.map(ChartAxis.Unit.metric) {
      for isLogarithmic in [false, true] where low > 0 || !isLogarithmic {
        let axis = try #require(ChartAxis([low, high], unit: unit, isLogarithmic: isLogarithmic))
        let texts = axis.ticks.map(\.text)
        #expect(texts.count >= 2 && Set(texts).count == texts.count, "\(unit): \(texts)")
        for tick in axis.ticks where tick.value != 0 {
          #expect(tick.text.contains { ("1"..."9").contains($0) }, "\(unit): \(tick)")
        }
      }
    }
  }

  @Test func `decades have as many decimals as each needs`() throws {
    let rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
    let axis = try #require(
      ChartAxis(rates, unit: .plain, isLogarithmic: true, at: rates))
    #expect(axis.ticks.map(\.text) == ["0.0003", "0.001", "0.003", "0.01", "0.03", "0.1"])
  }
}
