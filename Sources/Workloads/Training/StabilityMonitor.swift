// How stable a training is, step by step: the gradient norm's spread, upward spikes of the loss,
// the largest attention score, and steps that were not finite. It keeps no history.

package import Records

/// A running account of a training's stability.
///
/// A spike is an upward excursion of the loss by more than `threshold` running standard
/// deviations above its running mean; an excursion over several steps is one spike. Mean and
/// variance are exponential, and a spiking loss enters them only up to the threshold, so that one
/// spike does not hide the next. Falling losses are never spikes.
package struct StabilityMonitor: Equatable, Sendable {
  /// Standard deviations above the running mean that make a spike.
  package static let threshold = 4.0
  /// First steps, of which none is a spike: mean and variance are not settled yet.
  package static let warmUp = 20
  /// Weight of the newest loss in the running mean and variance: a memory of about 50 steps.
  package static let weight = 0.02
  /// The least standard deviation, as a share of the mean: a flat loss has no spikes in its noise.
  package static let floor = 0.001

  /// Steps whose loss and gradient norm were finite.
  package private(set) var finiteSteps = 0
  /// Steps whose loss or gradient norm was not.
  package private(set) var nonfiniteSteps = 0
  package private(set) var lossSpikes = 0
  /// The z-score of the newest loss; nil during warm-up and for a non-finite loss.
  package private(set) var zScore: Double?
  /// The largest gradient norm; nil before the first finite step.
  package private(set) var gradNormMax: Double?
  /// The largest absolute attention score before softmax; nil where none was reported.
  package private(set) var maxAttentionLogit: Double?

  private var gradMean = 0.0
  private var gradSquares = 0.0
  private var lossMean = 0.0
  private var lossVariance = 0.0
  private var isSpiking = false

  package init() {}

  /// Takes in one training step.
  ///
  /// - Parameters:
  ///   - loss: the step's training loss, in nats per token.
  ///   - gradientNorm: the global norm before clipping.
  ///   - maxAttentionLogit: the step's largest absolute attention score, where it was measured.
  package mutating func record(
    loss: Double, gradientNorm: Double, maxAttentionLogit logit: Double? = nil
  ) {
    if let logit, logit.isFinite {
      maxAttentionLogit = max(maxAttentionLogit ?? abs(logit), abs(logit))
    }
    guard loss.isFinite, gradientNorm.isFinite else {
      nonfiniteSteps += 1
      zScore = nil
      return
    }
    finiteSteps += 1
    // Welford's update: no cancellation however long the run.
    let offset = gradientNorm - gradMean
    gradMean += offset / Double(finiteSteps)
    gradSquares += offset * (gradientNorm - gradMean)
    gradNormMax = max(gradNormMax ?? gradientNorm, gradientNorm)
    watch(loss)
  }

  /// The mean gradient norm; nil before the first finite step.
  package var gradNormMean: Double? { finiteSteps > 0 ? gradMean : nil }

  /// The gradient norm's standard deviation; nil before the second finite step.
  package var gradNormSD: Double? {
    finiteSteps > 1 ? (gradSquares / Double(finiteSteps - 1)).squareRoot() : nil
  }

  /// The gradient norm's coefficient of variation; nil where it has no meaning.
  package var gradNormCV: Double? {
    guard let sd = gradNormSD, gradMean > 0 else { return nil }
    return sd / gradMean
  }

  /// Writes what was found into a cell's metrics.
  package func report(to metrics: inout MetricValues) {
    metrics[.gradNormMean] = gradNormMean
    metrics[.gradNormSD] = gradNormSD
    metrics[.gradNormMax] = gradNormMax
    metrics[.gradNormCV] = gradNormCV
    metrics[.lossSpikes] = Double(lossSpikes)
    metrics[.maxAttentionLogit] = maxAttentionLogit
    metrics[.nonfiniteSteps] = Double(nonfiniteSteps)
  }

  private mutating func watch(_ loss: Double) {
    if finiteSteps == 1 { lossMean = loss }
    let sd = max(lossVariance.squareRoot(), Self.floor * abs(lossMean))
    var taken = loss
    zScore = nil
    if finiteSteps > Self.warmUp, sd > 0 {
      let z = (loss - lossMean) / sd
      zScore = z
      if z > Self.threshold, !isSpiking { lossSpikes += 1 }
      isSpiking = z > Self.threshold
      taken = min(loss, lossMean + Self.threshold * sd)
    }
    // During warm-up each loss weighs as in a plain mean, so that the first does not dominate.
    let weight = max(Self.weight, 1 / Double(finiteSteps))
    let step = taken - lossMean
    lossMean += weight * step
    lossVariance = (1 - weight) * (lossVariance + weight * step * step)
  }
}
