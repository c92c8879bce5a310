// Every metric there is. One declaration and one place in a list make a metric: its columns, its
// line in the summary and its row in docs/results.md follow.

extension Metric {
  /// All metrics, in the order of columns and of summary lines.
  package static let all: [Metric] =
    quality + speed + memory + stability + size + attention + generation + position
    + extrapolation + resolution + score + need + machine + predictions

  /// The metric with a name, or the prediction of a listed one; nil if there is none.
  package static func named(_ name: String) -> Metric? { byName[name] }

  private static let byName = Dictionary(
    (all + retired + all.map(prediction)).map { ($0.name, $0) },
    uniquingKeysWith: { first, _ in first })

  /// How well the model predicts.
  package static let quality: [Metric] = [
    valLoss, valPerplexity, valBitsPerCharacter, valBitsPerByte, bestValLoss, trainLoss,
    initialLoss, initialValLoss, initialValBitsPerByte, zLoss, accuracy, initialAccuracy, topFive,
    leastClass,
  ]
  /// Validation losses in other units.
  package static let unitsOfLoss: [Metric] = [
    valPerplexity, valBitsPerCharacter, valBitsPerByte, initialValBitsPerByte,
  ]
  /// The losses a token, with the same in bits a byte, by which tokenizers compare.
  fileprivate static let bitsPerByteOfLoss: [Metric: Metric] = [
    .valLoss: .valBitsPerByte, .initialValLoss: .initialValBitsPerByte, .textLoss: .bitsPerByte,
  ]
  /// What is counted a token, and so says something else where tokens are other parts of a text.
  fileprivate static let perToken: Set<Metric> = [
    valLoss, valPerplexity, bestValLoss, trainLoss, initialLoss, initialValLoss, zLoss,
    tokensPerSecond, prefillTokensPerSecond, decodeTokensPerSecond, decodeSeconds, decodeLoss,
    decodeLossChange, lossWithinLength, lossToTwice, lossToFourTimes, lossGrowth, textLoss,
    perplexity, kvCacheBytesPerToken,
  ]
  /// How fast it runs.
  package static let speed: [Metric] = [
    tokensPerSecond, imagesPerSecond, stepSeconds, trainSeconds, evaluationSeconds, seconds,
    flopsPerSecond,
    peakPercent,
  ]
  /// Memory by kind, peak over the run, and the cache of a later generation.
  package static let memory: [Metric] = [
    peakBytes, peakResidentBytes, parameterBytes, gradientBytes, optimizerBytes, activationBytes,
    workspaceBytes, cacheBytes, kvCacheBytesPerToken,
  ]
  /// How stable the training was.
  package static let stability: [Metric] = [
    gradNormMean, gradNormSD, gradNormMax, gradNormCV, lossSpikes, maxAttentionLogit,
    nonfiniteSteps,
  ]
  /// How large the model and the job were.
  package static let size: [Metric] = [
    parameters, attentionParameters, feedForwardParameters, modelFLOPsPerToken,
    modelFLOPsPerImage, hardwareFLOPsPerToken, stepFLOPs, steps, tokens, images,
  ]
  /// What runs of version 0.1.0 wrote and no later one does.
  private static let retired: [Metric] = [flopsPerToken]
  /// What was worked out before anything ran, to stand beside what was measured.
  package static let predictions: [Metric] = [
    parameters, stepFLOPs, peakBytes, parameterBytes, gradientBytes, optimizerBytes,
    activationBytes, workspaceBytes,
    cacheBytes, savedBytes, forwardSeconds, backwardSeconds, decodeSeconds,
  ].map(prediction)

  // Quality
  package static let valLoss = Metric(
    "val_loss",
    "Mean cross-entropy over the validation split at the end, in nats per token or image.",
    better: .lower, .sampled, as: .decimals(4))
  package static let valPerplexity = Metric(
    "val_perplexity",
    "exp(val_loss): as unsure as a fair choice among so many tokens.",
    better: .lower, .sampled, as: .decimals(3))
  package static let valBitsPerCharacter = Metric(
    "val_bits_per_character",
    "val_loss over ln 2: the bits that coding the text would take, a character being a token.",
    better: .lower, .sampled, as: .decimals(4))
  package static let valBitsPerByte = Metric(
    "val_bits_per_byte",
    "The bits that coding the validation text would take, per byte of it; tokenizers compare by it.",
    better: .lower, .sampled, as: .decimals(4))
  package static let bestValLoss = Metric(
    "best_val_loss",
    "Lowest loss of all evaluations, as val_loss; those on the way read part of the split.",
    better: .lower, .sampled, as: .decimals(4))
  package static let trainLoss = Metric(
    "train_loss",
    "Mean cross-entropy of the batches of the last tenth of the steps, in nats per token or image.",
    better: .lower, .sampled, as: .decimals(4))
  package static let initialLoss = Metric(
    "initial_loss",
    "Cross-entropy of the first batch before the first step, in nats per token or image.",
    better: .none, .sampled, as: .decimals(4))
  package static let initialValLoss = Metric(
    "initial_val_loss",
    "val_loss of the stored model that a training begins from, before the first step.",
    better: .none, .sampled, as: .decimals(4))
  package static let initialValBitsPerByte = Metric(
    "initial_val_bits_per_byte",
    "val_bits_per_byte of the stored model that a training begins from, before the first step.",
    better: .none, .sampled, as: .decimals(4))
  package static let zLoss = Metric(
    "z_loss",
    "Mean z-loss in the last tenth of the steps, in nats: minimised together with train_loss.",
    better: .none, .sampled, as: .decimals(4))

  package static let accuracy = Metric(
    "accuracy_percent",
    "Held-out images whose class is the likeliest, at the end, in per cent.",
    better: .higher, .sampled, as: .percent)
  package static let initialAccuracy = Metric(
    "initial_accuracy_percent",
    "accuracy_percent of the stored model that a training begins from, before the first step.",
    better: .none, .sampled, as: .percent)
  package static let topFive = Metric(
    "top5_percent",
    "Held-out images whose class is among the five likeliest of more, in per cent.",
    better: .higher, .sampled, as: .percent)
  package static let leastClass = Metric(
    "least_class_percent",
    "accuracy_percent of the images of one class, where that is lowest.",
    better: .higher, .sampled, as: .percent)

  // Speed
  package static let tokensPerSecond = Metric(
    "tokens_per_s", "Training tokens per second at the median step; evaluation is not counted.",
    better: .higher, .sampled, as: .scaled)
  package static let imagesPerSecond = Metric(
    "images_per_s", "Training images per second, at the median step.",
    better: .higher, .sampled, as: .scaled)
  package static let stepSeconds = Metric(
    "step_seconds", "Median time of a training step, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let trainSeconds = Metric(
    "train_seconds", "Time of all training steps together, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let evaluationSeconds = Metric(
    "evaluation_seconds", "Time of all evaluations together, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let seconds = Metric(
    "seconds",
    "Time of the whole cell, from start to last file, over all its attempts, in seconds.",
    better: .lower, .sampled, as: .seconds)
  package static let flopsPerSecond = Metric(
    "flops_per_s",
    "Model FLOPs per second at the median step: model_flops_per_token, whatever ran.",
    better: .higher, .sampled, as: .scaled)
  package static let peakPercent = Metric(
    "peak_percent",
    "flops_per_s as a share of this machine's measured peak, in per cent: the MFU.",
    better: .higher, .sampled, as: .percent)

  // Memory
  package static let peakBytes = Metric(
    "peak_bytes", "Largest number of tensor bytes held at one time, all kinds together.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let peakResidentBytes = Metric(
    "peak_resident_bytes", "Most memory the cell's process had resident, program included.",
    better: .lower, .sampled, as: .bytes, whole: true)
  package static let parameterBytes = Metric(
    "parameter_bytes", "Peak bytes of parameters.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let gradientBytes = Metric(
    "gradient_bytes", "Peak bytes of parameter gradients.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let optimizerBytes = Metric(
    "optimizer_bytes", "Peak bytes of optimizer state.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let activationBytes = Metric(
    "activation_bytes", "Peak bytes of activations and their gradients.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let workspaceBytes = Metric(
    "workspace_bytes", "Peak bytes of kernels' scratch space and of packed weights.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let cacheBytes = Metric(
    "cache_bytes", "Peak bytes of key and value caches.",
    better: .lower, .exact, as: .bytes, whole: true)
  package static let kvCacheBytesPerToken = Metric(
    "kv_cache_bytes_per_token", "Bytes of KV cache that one token of one sequence takes.",
    better: .lower, .analytic, as: .bytes)

  // Stability
  package static let gradNormMean = Metric(
    "grad_norm_mean", "Mean over all steps of the gradient's norm before clipping.",
    better: .none, .sampled, as: .decimals(3))
  package static let gradNormSD = Metric(
    "grad_norm_sd", "Standard deviation over all steps of the gradient's norm before clipping.",
    better: .none, .sampled, as: .decimals(3))
  package static let gradNormMax = Metric(
    "grad_norm_max", "Largest norm of the gradient before clipping.",
    better: .lower, .sampled, as: .decimals(3))
  package static let gradNormCV = Metric(
    "grad_norm_cv",
    "grad_norm_sd over grad_norm_mean, the coefficient of variation of the gradient's norm.",
    better: .lower, .sampled, as: .decimals(3))
  package static let lossSpikes = Metric(
    "loss_spikes", "Upward excursions of the loss beyond 4 running standard deviations.",
    better: .lower, .sampled, as: .count, whole: true)
  package static let maxAttentionLogit = Metric(
    "max_attention_logit", "Largest attention score before softmax, over the run.",
    better: .lower, .sampled, as: .decimals(2))
  package static let nonfiniteSteps = Metric(
    "nonfinite_steps", "Steps whose loss or gradient norm was not a finite number.",
    better: .lower, .sampled, as: .count, whole: true)

  // Size
  package static let parameters = Metric(
    "parameters", "Number of trained parameters, shared ones counted once.",
    better: .none, .analytic, as: .scaled, whole: true)
  package static let attentionParameters = Metric(
    "attention_parameters", "Weights of the attentions' projections, over all layers.",
    better: .none, .analytic, as: .scaled, whole: true)
  package static let feedForwardParameters = Metric(
    "feed_forward_parameters", "Weights of the feed-forwards, over all layers.",
    better: .none, .analytic, as: .scaled, whole: true)
  package static let modelFLOPsPerToken = Metric(
    "model_flops_per_token",
    "Floating-point operations that training on one token needs, nothing recomputed, as for MFU.",
    better: .none, .analytic, as: .scaled)
  package static let modelFLOPsPerImage = Metric(
    "model_flops_per_image",
    "Floating-point operations that training on one image needs, nothing recomputed.",
    better: .none, .analytic, as: .scaled)
  package static let hardwareFLOPsPerToken = Metric(
    "hardware_flops_per_token",
    "Floating-point operations carried out to train on one token, with all that is recomputed, as for HFU.",
    better: .none, .exact, as: .scaled)
  package static let flopsPerToken = Metric(
    "flops_per_token",
    "Operations to train one token, flash attention's recomputed product included (version 0.1.0).",
    better: .none, .analytic, as: .scaled, whole: true)
  package static let stepFLOPs = Metric(
    "step_flops",
    "Floating-point operations that a training step called for, counted at its kernels' calls.",
    better: .none, .exact, as: .scaled, whole: true)
  package static let steps = Metric(
    "steps", "Optimizer steps done.", better: .none, .exact, as: .count, whole: true)
  package static let tokens = Metric(
    "tokens", "Training tokens seen.", better: .none, .exact, as: .scaled, whole: true)
  package static let images = Metric(
    "images", "Training images seen.", better: .none, .exact, as: .scaled, whole: true)
}

extension Metric {
  /// What a training is judged by, in the order of a summary.
  package static let trainingHeadline: [Metric] = [
    .valLoss, .initialValLoss, .tokensPerSecond, .peakBytes, .parameters,
  ]
}

extension Metric {
  /// The same of a training on images.
  package static let classifyingHeadline: [Metric] = [
    .accuracy, .initialAccuracy, .topFive, .valLoss, .imagesPerSecond, .peakBytes, .parameters,
    .modelFLOPsPerImage,
  ]
}

extension Metric {
  /// Whether its values may be held against each other where tokens are made by so many tokenizers.
  package func compares(over tokenizers: Set<String>) -> Bool {
    tokenizers.count < 2 || !Self.perToken.contains(self)
  }

  /// Whether it is a loss in bits a byte, which is none where characters of the text are lost.
  package var isPerByte: Bool { Self.bitsPerByteOfLoss.values.contains(self) }
}

extension [Metric] {
  /// With losses in bits a byte, by which tokenizers compare.
  ///
  /// - Parameter keepsNats: whether those in nats a token stand beside them.
  package func comparingTokenizers(keeping keepsNats: Bool) -> [Metric] {
    flatMap { metric -> [Metric] in
      guard let bits = Metric.bitsPerByteOfLoss[metric] else { return [metric] }
      return (keepsNats ? [metric] : []) + [bits]
    }.unique
  }

  /// With the loss of decoding, by which types of weights compare, in place of its change by the
  /// cache, and with what the weights take.
  package var comparingWeights: [Metric] {
    flatMap { $0 == .decodeLossChange ? [.decodeLoss, .parameterBytes] : [$0] }
  }
}
