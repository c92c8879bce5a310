// Statistics held to SciPy 1.17, and to closed forms where there are any.

import Statistics
import Testing

@Suite struct StatisticsTests {
  // scipy.stats.t.ppf(0.975, df) for 1 to 49 degrees of freedom: n = 2 to 50.
  private static let quantiles = [
    12.706204736174694, 4.302652729749462, 3.1824463052837078, 2.7764451051977934,
    2.5705818356363146, 2.4469118511449786, 2.364624251592784, 2.306004135204166,
    2.262157162798205, 2.228138851986274, 2.200985160091639, 2.1788128296672284,
    2.1603686564627913, 2.144786687917804, 2.131449545559776, 2.1199052992212546,
    2.1098155778333156, 2.1009220402410382, 2.0930240544083087, 2.085963447265864,
    2.0796138447276795, 2.0738730679040254, 2.0686576104190486, 2.0638985616280245,
    2.0595385527532972, 2.0555294386428735, 2.0518305164802846, 2.0484071417952454,
    2.045229642132703, 2.0422724563012378, 2.039513446396408, 2.0369333434601016,
    2.0345152974493383, 2.0322445093177186, 2.030107928250343, 2.0280940009804502,
    2.0261924630291093, 2.0243941639119694, 2.022690920036761, 2.021075390306273,
    2.019540970441376, 2.0180817028184443, 2.016692199227824, 2.0153675744437636,
    2.014103388880846, 2.012895598919429, 2.0117405137297655, 2.010634757624232,
    2.0095752371292392,
  ]

  @Test func `t quantiles equal those of SciPy for two to fifty values`() {
    for (index, expected) in Self.quantiles.enumerated() {
      let t = StudentT(degreesOfFreedom: Double(index + 1))
      #expect(abs(t.quantile(0.975) / expected - 1) < 1e-12)
      #expect(abs(t.quantile(0.025) + t.quantile(0.975)) < 1e-12 * expected)
    }
  }

  @Test(arguments: [
    (1.0, 63.656741162871526), (2, 9.924843200918287), (30, 2.7499956535672254),
    (1000, 2.580754698065951),
  ]) func `99 % quantiles equal those of SciPy`(degrees: Double, expected: Double) {
    #expect(abs(StudentT(degreesOfFreedom: degrees).quantile(0.995) / expected - 1) < 1e-12)
  }

  @Test(arguments: [
    (0.01, 1.0, 0.993634014470186), (0.5, 3, 0.651447964848151), (2, 4, 0.11611652351681556),
    (5, 9, 0.0007389679098032426), (12, 2, 0.00687293367715846), (40, 30, 1.3726045194406417e-27),
  ]) func `two-sided p equals that of SciPy, far into the tail`(
    t: Double, degrees: Double, expected: Double
  ) {
    let student = StudentT(degreesOfFreedom: degrees)
    #expect(abs(student.twoSided(t) / expected - 1) < 1e-11)
    #expect(student.twoSided(-t) == student.twoSided(t))
  }

  @Test func `mean, standard deviation and median are those of the textbook`() {
    let sample = Sample([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(sample.mean == 5)
    #expect(sample.sd == (32.0 / 7).squareRoot())
    #expect(sample.median == 4.5)
    #expect(Sample([3, 1, 2]).median == 2)
  }

  @Test func `one value has no spread and no interval, and no values have no mean`() {
    #expect(Sample([1.5]).mean == 1.5)
    #expect(Sample([1.5]).sd == nil)
    #expect(Sample([1.5]).interval() == nil)
    #expect(Sample([]).mean == nil)
    #expect(Sample([]).median == nil)
  }

  @Test func `equal values have exactly themselves as mean and a spread of zero`() {
    let sample = Sample([0.1, 0.1, 0.1])
    #expect(sample.mean == 0.1)
    #expect(sample.sd == 0)
  }

  @Test func `a paired comparison equals SciPy's paired t test`() throws {
    let pairs = Comparison(
      subject: [1.823, 1.831, 1.819, 1.825], baseline: [1.952, 1.968, 1.944, 1.930])
    let interval = try #require(pairs.interval)
    #expect(abs(interval.low - -0.14566246418389758) < 1e-12)
    #expect(abs(interval.high - -0.10233753581610242) < 1e-12)
    #expect(abs(try #require(pairs.p) / 0.000360873266831336 - 1) < 1e-9)
    let ratios = try #require(pairs.ratioInterval)
    #expect(abs(ratios.low - 0.9260929864814325) < 1e-12)
    #expect(abs(ratios.high - 0.9467851917328799) < 1e-12)
    #expect(abs(try #require(pairs.ratio) - 0.9363613035668463) < 1e-15)
  }

  @Test func `differences that do not vary give no interval unless they are zero`() {
    let shifted = Comparison(subject: [2, 3], baseline: [1, 2])
    #expect(shifted.interval == nil)
    #expect(shifted.p == nil)
    let equal = Comparison(subject: [0, 0], baseline: [0, 0])
    #expect(equal.interval == Interval(low: 0, high: 0))
    #expect(equal.interval?.excludesZero == false)
    #expect(equal.ratio == nil)
  }

  @Test func `a ratio interval needs values above zero`() {
    let pairs = Comparison(subject: [0, 1, 1], baseline: [2, 1, 4])
    #expect(pairs.interval != nil)
    #expect(pairs.ratioInterval == nil)
  }

  @Test func `sides that do not pair are compared by Welch's t test, as SciPy does`() throws {
    let apart = Comparison(
      subject: [1.823, 1.831, 1.819], baseline: [1.952, 1.968, 1.944, 1.930], isPaired: false)
    #expect(abs(try #require(apart.p) / 0.00012507097796643032 - 1) < 1e-9)
    let interval = try #require(apart.interval)
    #expect(abs(interval.low - -0.14811672827853897) < 1e-12)
    #expect(abs(interval.high - -0.10021660505479409) < 1e-12)
    #expect(Comparison(subject: [1], baseline: [1, 2], isPaired: false).p == nil)
  }

  @Test func `seeds pair where all of a side are on the other, or six`() {
    func sides(_ left: ClosedRange<Int>, _ right: ClosedRange<Int>) -> Comparison {
      Comparison(
        subject: left.map { ($0, Double($0)) },
        baseline: right.reversed().map { ($0, 2.0 * Double($0)) })
    }
    let within = sides(1...3, 1...5)
    #expect(within.isPaired && within.subject.values == [1, 2, 3])
    #expect(within.baseline.values == [2, 4, 6])
    let few = sides(1...4, 3...6)
    #expect(!few.isPaired && few.n == 4)
    let six = sides(1...8, 3...10)
    #expect(six.isPaired && six.n == 6)
    #expect(!sides(1...2, 3...4).isPaired)
  }

  @Test func `the sign-flip test equals SciPy's exact permutation test`() throws {
    let test = try #require(PermutationTest(differences: [0.3, -0.1, 0.5, 0.2, 0.45, 0.05, -0.02]))
    #expect(test.p == 0.09375)
    #expect(test.minimumP == 2.0 / 128)
    let apart = try #require(PermutationTest([1, 2, 3], [4, 5, 6]))
    #expect(apart.p == 0.1 && apart.minimumP == 0.1)
  }

  @Test func `three seeds can never give p below 0.05 in a sign-flip test and six can`() throws {
    #expect(try #require(PermutationTest(differences: [9, 9.5, 10])).p == 0.25)
    #expect(PermutationTest.minimumP(pairs: 5) == 0.0625)
    #expect(try #require(PermutationTest(differences: [1, 2, 3, 4, 5, 6])).p == 0.03125)
    // So it stands beside a comparison of six seeds and not of five.
    func beside(_ n: Int) -> PermutationTest? {
      Comparison(
        subject: (0..<n).map(Double.init), baseline: [Double](repeating: 0.5, count: n)
      ).exactTest
    }
    #expect(beside(5) == nil && beside(6) != nil)
  }

  @Test func `sums that tie but for rounding count as equal`() throws {
    // 0.1 + 0.2 and 0.3 differ in the last bit.
    let test = try #require(PermutationTest(differences: [0.1, 0.2, -0.3]))
    #expect(test.p == 1)
  }

  @Test func `a sign-flip test of nothing or of too many pairs does not exist`() {
    #expect(PermutationTest(differences: []) == nil)
    let many = [Double](repeating: 1, count: PermutationTest.mostPairs + 1)
    #expect(PermutationTest(differences: many) == nil)
  }

  @Test func `Holm's correction multiplies by the tests that are left and never falls`() {
    let adjusted = Holm.adjust([0.04, 0.01, 0.03, 0.005])
    let expected = [0.06, 0.03, 0.06, 0.02]
    for (value, target) in zip(adjusted, expected) { #expect(abs(value - target) < 1e-15) }
    #expect(Holm.adjust([0.9, 0.8]) == [1, 1])
    #expect(Holm.adjust([]) == [])
  }

  @Test func `least squares equal SciPy's linear regression`() throws {
    let x = [1.0, 2, 3.5, 5, 8]
    let fit = try #require(
      LeastSquares(columns: [[1, 1, 1, 1, 1], x], y: [1.1, 1.9, 3.2, 5.4, 7.7]))
    #expect(abs(fit.coefficients[0] - 0.059437086092715585) < 1e-12)
    #expect(abs(fit.coefficients[1] - 0.9745033112582782) < 1e-12)
    #expect(abs(fit.residualSquares - 0.33236754966887383) < 1e-12)
    let errors = try #require(fit.standardErrors)
    #expect(abs(errors[0] - 0.27920595447833185) < 1e-12)
    #expect(abs(errors[1] - 0.0605682755306794) < 1e-12)
  }

  @Test func `least squares of dependent columns or too few rows do not exist`() {
    #expect(LeastSquares(columns: [[1, 2, 3], [2, 4, 6]], y: [1, 2, 3]) == nil)
    #expect(LeastSquares(columns: [[1], [2]], y: [1]) == nil)
    let exact = LeastSquares(columns: [[1, 1], [0, 1]], y: [3, 5])
    #expect(exact?.standardErrors == nil)
    #expect(exact.map { abs($0.coefficients[1] - 2) < 1e-14 } == true)
  }
}
