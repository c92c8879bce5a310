// Curves keep their peaks when they are thinned, and seeds become a mean and a band.

import Analysis
import Testing

@Suite struct CurveTests {
  @Test func `thinning keeps the ends and a spike of one step`() {
    var points = (0..<10_000).map { CurvePoint(Double($0), 1) }
    points[4321] = CurvePoint(4321, 99)
    points[8765] = CurvePoint(8765, -5)
    let kept = Downsampling.extremes(points, limit: 400)
    #expect(kept.count <= 400)
    #expect(kept.first?.x == 0 && kept.last?.x == 9999)
    #expect(kept.contains(points[4321]) && kept.contains(points[8765]))
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.x < $1.x })
  }

  @Test func `few points stay as they are`() {
    let points = (0..<300).map { CurvePoint(Double($0), Double($0 % 7)) }
    #expect(Downsampling.extremes(points, limit: 400) == points)
    #expect(Downsampling.extremes([], limit: 400).isEmpty)
  }

  @Test func `the band is of the seeds that reached a step`() {
    let band = SeedBand([[(0, 4), (1, 2)], [(0, 6), (1, .nan), (2, 1)], []])
    #expect(band.seeds == 2)
    #expect(band.points.map(\.step) == [0, 1, 2])
    #expect(band.points.map(\.mean) == [5, 2, 1])
    #expect(band.points.map(\.low) == [4, 2, 1] && band.points.map(\.high) == [6, 2, 1])
    #expect(band.points.map(\.n) == [2, 1, 1])
  }

  @Test func `a running mean keeps a straight line straight`() {
    let line = (0..<50).map { (step: $0, value: 3 - 0.5 * Double($0)) }
    let smooth = SeedBand.smooth(line, window: 7)
    #expect(smooth.count == 50)
    #expect(zip(smooth, line).allSatisfy { abs($0.value - $1.value) < 1e-9 })
    let whole = SeedBand.smooth(line, window: 7, keepsEnds: false)
    #expect(whole.map(\.step) == Array(3..<47))
    #expect(SeedBand.smooth(line, window: 6, keepsEnds: false).map(\.step) == Array(3..<48))
    #expect(SeedBand.smooth([(0, 1), (1, 2)], window: 7, keepsEnds: false).count == 2)
    #expect(SeedBand.smooth([(0, 1), (1, .nan), (2, 3)], window: 1).map(\.step) == [0, 2])
  }
}
