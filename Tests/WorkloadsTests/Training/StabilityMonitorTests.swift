// The stability monitor on made-up trainings with known spikes.

import Config
import Records
import Testing
import Workloads

@Suite struct StabilityMonitorTests {
  // A falling loss with a small ripple, as of a steady training.
  private static func steady(_ step: Int) -> Double {
    1.8 + 2.4 / (1 + Double(step) / 20) + (step % 2 == 0 ? 0.02 : -0.02)
  }

  private static func monitor(steps: Int, loss: (Int) -> Double) -> StabilityMonitor {
    var monitor = StabilityMonitor()
    for step in 0..<steps { monitor.record(loss: loss(step), gradientNorm: 1) }
    return monitor
  }

  @Test func `a steady falling loss has no spikes`() {
    #expect(Self.monitor(steps: 400, loss: Self.steady).lossSpikes == 0)
  }

  @Test func `a jump of the loss is a spike, and one over several steps is one spike`() {
    let single = Self.monitor(steps: 400) { Self.steady($0) + ($0 == 200 ? 1.5 : 0) }
    #expect(single.lossSpikes == 1)
    let long = Self.monitor(steps: 400) { Self.steady($0) + ((200...203).contains($0) ? 1.5 : 0) }
    #expect(long.lossSpikes == 1)
  }

  @Test func `a spike does not hide the next one`() {
    let monitor = Self.monitor(steps: 400) {
      Self.steady($0) + ([200, 210].contains($0) ? 1.5 : 0)
    }
    #expect(monitor.lossSpikes == 2)
  }

  @Test func `a sudden fall of the loss is no spike`() {
    let monitor = Self.monitor(steps: 400) { Self.steady($0) - ($0 == 200 ? 1.5 : 0) }
    #expect(monitor.lossSpikes == 0)
  }

  @Test func `the first twenty steps have no spikes`() {
    let monitor = Self.monitor(steps: StabilityMonitor.warmUp) { $0 == 10 ? 50 : 4 }
    #expect(monitor.lossSpikes == 0)
    #expect(monitor.zScore == nil)
  }

  @Test func `a flat loss has no spikes in its last bits and one where it leaves them`() {
    let noise = Self.monitor(steps: 100) { 2 + ($0 == 60 ? 1e-9 : 0) }
    #expect(noise.lossSpikes == 0)
    let jump = Self.monitor(steps: 100) { 2 + ($0 == 60 ? 0.1 : 0) }
    #expect(jump.lossSpikes == 1)
  }

  @Test func `gradient norms have the mean, spread and maximum of the textbook`() throws {
    var monitor = StabilityMonitor()
    for norm in [2.0, 4, 4, 4, 5, 5, 7, 9] { monitor.record(loss: 1, gradientNorm: norm) }
    #expect(monitor.gradNormMean == 5)
    #expect(abs(try #require(monitor.gradNormSD) - (32.0 / 7).squareRoot()) < 1e-14)
    #expect(monitor.gradNormMax == 9)
    #expect(abs(try #require(monitor.gradNormCV) - (32.0 / 7).squareRoot() / 5) < 1e-14)
  }

  @Test func `steps that are not finite are counted and touch nothing else`() {
    var monitor = StabilityMonitor()
    monitor.record(loss: 2, gradientNorm: 3, maxAttentionLogit: -7)
    let before = monitor
    monitor.record(loss: .nan, gradientNorm: 1)
    monitor.record(loss: 1, gradientNorm: .infinity, maxAttentionLogit: .nan)
    #expect(monitor.nonfiniteSteps == 2)
    #expect(monitor.finiteSteps == 1)
    #expect(monitor.gradNormMax == before.gradNormMax)
    #expect(monitor.maxAttentionLogit == 7)
  }

  @Test func `before any step there are no statistics`() {
    var metrics = MetricValues()
    StabilityMonitor().report(to: &metrics)
    #expect(metrics[.gradNormMean] == nil)
    #expect(metrics[.gradNormCV] == nil)
    #expect(metrics[.maxAttentionLogit] == nil)
    #expect(metrics[.lossSpikes] == 0)
  }
}
