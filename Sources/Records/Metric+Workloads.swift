// The metrics of the workloads that do not train: attention alone, generation, positions,
// extrapolation, inspection.

extension Metric {
  /// What one attention costs and how exact it is.
  package static let attention: [Metric] = [
    forwardSeconds, backwardSeconds, forwardFLOPsPerSecond, backwardFLOPsPerSecond,
    forwardPeakPercent, backwardPeakPercent, savedBytes, attentionBytes, outputError,
    outputErrorRatio, gradientError, gradientErrorRatio, attentionPairs, repeats,
  ]
  /// How generation with a cache goes.
  package static let generation: [Metric] = [
    prefillTokensPerSecond, decodeTokensPerSecond, decodeSeconds, decodeBytesPerSecond,
    bandwidthPercent, cacheTouchedBytes, decodeLoss, decodeLossChange, logitError,
    topTokenPercent,
  ]
  /// What a positional encoding does.
  package static let position: [Metric] = [
    relativeError, relativeErrorBound, angleError, angleErrorSingle, unseenAnglePercent,
    nearMassPercent,
  ]
  /// The loss beyond the length of training.
  package static let extrapolation: [Metric] = [
    lossWithinLength, lossToTwice, lossToFourTimes, lossGrowth,
  ]
  /// The accuracy at other sizes of images than that of training.
  package static let resolution: [Metric] = [
    accuracyAtOneAndAHalf, accuracyAtTwice, accuracyLoss,
  ]
  /// How likely a model finds a text.
  package static let score: [Metric] = [textLoss, perplexity, bitsPerByte, scoredTokens]
  /// What a model would need.
  package static let need: [Metric] = [
    forwardFLOPsPerToken, forwardFLOPsPerImage, inferenceBytes, trainingBytes,
  ]

  // Attention. What restates a time or an error in other words has no direction of its own: it
  // would be compared twice.
  package static let forwardSeconds = Metric(
    "forward_seconds", "Median time of one attention's forward pass, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let backwardSeconds = Metric(
    "backward_seconds", "Median time of one attention's backward pass, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let forwardFLOPsPerSecond = Metric(
    "forward_flops_per_s", "Floating-point operations of the forward pass per second.",
    better: .none, .sampled, as: .scaled)
  package static let backwardFLOPsPerSecond = Metric(
    "backward_flops_per_s", "Floating-point operations of the backward pass per second.",
    better: .none, .sampled, as: .scaled)
  package static let forwardPeakPercent = Metric(
    "forward_peak_percent",
    "forward_flops_per_s as a share of this machine's measured peak, in per cent.",
    better: .none, .sampled, as: .percent)
  package static let backwardPeakPercent = Metric(
    "backward_peak_percent",
    "backward_flops_per_s as a share of this machine's measured peak, in per cent.",
    better: .none, .sampled, as: .percent)
  package static let savedBytes = Metric(
    "saved_bytes", "Bytes that attention's forward pass keeps for its backward pass.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let attentionBytes = Metric(
    "attention_bytes", "saved_bytes and the peak of scratch memory together.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let outputError = Metric(
    "output_error", "Largest error of the output against float64, over the largest output.",
    better: .lower, .sampled, as: .scientific)
  package static let outputErrorRatio = Metric(
    "output_error_ratio",
    "Largest error of the output over that of a naive kernel that rounds to the same precision.",
    better: .none, .sampled, as: .decimals(2))
  package static let gradientError = Metric(
    "gradient_error", "Largest error of the gradients against float64, over the largest gradient.",
    better: .lower, .sampled, as: .scientific)
  package static let gradientErrorRatio = Metric(
    "gradient_error_ratio",
    "Largest error of the gradients over that of a naive kernel of the same precision.",
    better: .none, .sampled, as: .decimals(2))
  package static let attentionPairs = Metric(
    "attention_pairs", "Pairs of a query and a key that it sees, over all heads.",
    better: .none, .analytic, as: .scaled, whole: true)
  package static let repeats = Metric(
    "repeats", "Repetitions that the median times are taken from.",
    better: .none, .sampled, as: .count, whole: true)

  // Generation
  package static let prefillTokensPerSecond = Metric(
    "prefill_tokens_per_s", "Prompt tokens per second, read into the cache.",
    better: .higher, .sampled, as: .scaled)
  package static let decodeTokensPerSecond = Metric(
    "decode_tokens_per_s", "Tokens per second when one is generated at a time, at the median step.",
    better: .higher, .sampled, as: .scaled)
  package static let decodeSeconds = Metric(
    "decode_seconds", "Median time of generating one token, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let decodeBytesPerSecond = Metric(
    "decode_bytes_per_s", "Bytes of weights and cache that a decoding step reads, per second.",
    better: .none, .sampled, as: .bytes)
  package static let bandwidthPercent = Metric(
    "bandwidth_percent",
    "decode_bytes_per_s as a share of this machine's measured memory bandwidth, in per cent; above "
      + "100 where what is read fits the processor's caches.",
    better: .none, .sampled, as: .percent)
  package static let cacheTouchedBytes = Metric(
    "cache_touched_bytes", "Bytes of the cache that tokens were written to.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let decodeLoss = Metric(
    "decode_loss", "Mean loss of the tokens decoded after the prompt, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let decodeLossChange = Metric(
    "decode_loss_change",
    "decode_loss less that of the same weights with an f32 cache, in nats per token.",
    better: .lower, .sampled, as: .scientific)
  package static let logitError = Metric(
    "logit_error", "Root mean square change of the logits against an f32 cache, over their own.",
    better: .lower, .sampled, as: .scientific)
  package static let topTokenPercent = Metric(
    "top_token_percent", "Steps whose likeliest token is that of an f32 cache, in per cent.",
    better: .higher, .sampled, as: .percent)

  // Positions
  package static let relativeError = Metric(
    "relative_error",
    "Largest change of a score when both positions move alike, over the lengths of query and key.",
    better: .lower, .sampled, as: .scientific)
  package static let relativeErrorBound = Metric(
    "relative_error_bound",
    "The most that f32 arithmetic allows relative_error to be where scores see distances only.",
    better: .none, .analytic, as: .scientific)
  package static let angleError = Metric(
    "angle_error", "Largest error of a rotation's cosine or sine against float64.",
    better: .lower, .sampled, as: .scientific)
  package static let angleErrorSingle = Metric(
    "angle_error_f32", "The same, had the angles been computed in float32.",
    better: .none, .analytic, as: .scientific)
  package static let unseenAnglePercent = Metric(
    "unseen_angle_percent",
    "Pairs that reach angles at 4 x length which training at length never shows, in per cent.",
    better: .none, .analytic, as: .percent)
  package static let nearMassPercent = Metric(
    "near_mass_percent",
    "Attention of a query at 4 x length that falls on the nearest quarter of its keys.",
    better: .none, .sampled, as: .percent)

  // Extrapolation
  package static let lossWithinLength = Metric(
    "loss_to_1x", "Mean loss at positions up to the length of training, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let lossToTwice = Metric(
    "loss_to_2x", "Mean loss at positions from one to two such lengths, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let lossToFourTimes = Metric(
    "loss_to_4x", "Mean loss at positions from two to four such lengths, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let lossGrowth = Metric(
    "loss_growth", "loss_to_4x less loss_to_1x: what extrapolation costs, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))

  // Resolution
  package static let accuracyAtOneAndAHalf = Metric(
    "accuracy_1_5x_percent",
    "Accuracy on the held-out images at half as many pixels again along each side, in per cent.",
    better: .higher, .sampled, as: .percent)
  package static let accuracyAtTwice = Metric(
    "accuracy_2x_percent",
    "Accuracy on the held-out images at twice as many pixels along each side, in per cent.",
    better: .higher, .sampled, as: .percent)
  package static let accuracyLoss = Metric(
    "accuracy_loss_2x_percent",
    "accuracy_percent less accuracy_2x_percent: what twice the size costs, in points.",
    better: .lower, .sampled, as: .percent)

  // Score
  package static let textLoss = Metric(
    "loss", "Mean loss of the tokens of a text after the first of each window, in nats per token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let perplexity = Metric(
    "perplexity", "exp(loss): as unsure as a fair choice among so many tokens.",
    better: .lower, .sampled, as: .decimals(3))
  package static let bitsPerByte = Metric(
    "bits_per_byte",
    "The bits that coding the text would take, per byte of it; models with other tokens compare by it.",
    better: .lower, .sampled, as: .decimals(4))
  package static let scoredTokens = Metric(
    "scored_tokens", "Tokens that were predicted.", better: .none, .exact, as: .scaled, whole: true)

  // Need
  package static let forwardFLOPsPerToken = Metric(
    "forward_flops_per_token", "Floating-point operations of a forward pass, per token.",
    better: .none, .analytic, as: .scaled)
  package static let forwardFLOPsPerImage = Metric(
    "forward_flops_per_image", "Floating-point operations of a forward pass, per image.",
    better: .none, .analytic, as: .scaled)
  package static let inferenceBytes = Metric(
    "inference_bytes", "Bytes of parameters, cache and one forward pass over all tokens.",
    better: .lower, .analytic, as: .bytes, whole: true)
  package static let trainingBytes = Metric(
    "training_bytes", "Peak bytes of a training step, all kinds together.",
    better: .lower, .analytic, as: .bytes, whole: true)
}

// What the machine could do while a cell was measured: the roof that its speed is held against.

extension Metric {
  /// The measured limits of the device.
  package static let machine: [Metric] = [devicePeak, deviceBandwidth]

  package static let devicePeak = Metric(
    "device_flops_per_s", "The device's measured multiply-add peak at the time of the cell.",
    better: .none, .sampled, as: .scaled)
  package static let deviceBandwidth = Metric(
    "device_bytes_per_s",
    "The device's measured memory read bandwidth at the time of the cell, in bytes per second.",
    better: .none, .sampled, as: .bytes)
}

// Predictions: any metric may have one, which is a metric of its own called predicted_<name>.

extension Metric {
  private static let predicted = "predicted_"

  /// The metric that predicts another: `predicted_peak_bytes` of `peak_bytes`.
  ///
  /// A time is predicted from a peak that is measured beside it, and so differs from run to run.
  package static func prediction(of metric: Metric) -> Metric {
    metric.isTiming
      ? Metric(
        predicted + metric.name,
        metric == .decodeSeconds
          ? "What decode_seconds is where all is read from memory at its measured bandwidth."
          : "The least that \(metric.name) can be at the device's measured peak.",
        better: .none, .sampled, as: metric.format, whole: metric.isWhole)
      : Metric(
        predicted + metric.name, "What \(metric.name) is worked out to be before anything runs.",
        better: .none, .analytic, as: metric.format, whole: metric.isWhole)
  }

  /// The name of the metric that this one predicts; nil where it predicts none.
  package var predicts: String? {
    name.hasPrefix(Self.predicted) ? String(name.dropFirst(Self.predicted.count)) : nil
  }
}
