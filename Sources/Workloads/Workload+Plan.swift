// What `runexp plan` asks of a workload: the memory that a cell will take, counted on a device that computes nothing.

package import Models
package import Tensors

extension Workload {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? { nil }

  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.cacheBytes(tokens: length)
  }
}

extension Transformer {
  /// Whether a dry device can stand for the one that will run this: it has the attention kernel that is asked for.
  fileprivate func runsDry(queries: Int, keys: Int, threads: Int) -> Bool {
    guard let attention = blocks.first?.attention else { return true }
    let device = Device.dry(threads: threads)
    let work = AttentionWork(queries: queries, keys: keys, attention.options(on: device))
    return (try? attention.plan.kernel.resolve(on: device, for: work)) != nil
      && (try? check(tokens: keys)) != nil
  }
}

extension Train {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? {
    guard model.runsDry(queries: length, keys: length, threads: threads) else { return nil }
    return DryTraining(
      model, batch: options.batch, sequence: options.sequence, precision: precision,
      threads: threads, optimizer: options.optimizer
    ).step.atPeak.total
  }
}

extension Extrapolate {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? {
    training.predictedPeakBytes(of: model, precision, threads: threads)
  }
}

extension AttentionBenchmark {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? {
    let problem = AttentionProblem(options, model)
    let device = Device.dry(threads: threads)
    guard
      let algorithm = try? model.blocks[options.layer.index].attention.plan.kernel.resolve(
        on: device, for: problem.work
      ).algorithm
    else { return nil }
    var run = AttentionRun(problem, algorithm, precision, seed: 0, on: device)
    device.resetPeaks()
    run.once()
    return device.memory.atPeak.total
  }

  /// An attention by itself keeps nothing.
  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }
}

extension Generate {
  /// Chunks of a prompt that are read for a prediction.
  private static var chunkLimit: Int { 256 }

  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? {
    guard model.runsDry(queries: 1, keys: length, threads: threads),
      options.promptTokens / options.chunk <= Self.chunkLimit
    else { return nil }
    let device = Device.dry(threads: threads)
    model.parameters.allocate(on: device)
    let cache = KVCache(
      for: model, batch: options.batch, capacity: length, type: options.cache,
      isRolling: options.isRolling, chunk: options.chunk, on: device)
    let generator = Generator(
      model, cache: cache, chunk: options.chunk, precision: precision, on: device)
    for start in stride(from: 0, to: options.promptTokens, by: options.chunk) {
      let count = min(options.chunk, options.promptTokens - start)
      _ = generator.forward(Tokens(batch: options.batch, sequence: count, on: device))
    }
    _ = generator.forward(Tokens(batch: options.batch, sequence: 1, on: device))
    // The exact cache that it is compared with is there at the same time.
    let exact = options.compares ? model.cacheBytes(tokens: length, batch: options.batch) : 0
    return device.memory.atPeak.total + exact
  }

  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.cacheBytes(
      tokens: length, batch: options.batch, type: options.cache, isRolling: options.isRolling,
      chunk: options.chunk)
  }
}

extension PositionProperties {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, threads: Int
  ) -> Double? { neededBytes(model) }

  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }
}

extension Inspect {
  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.cacheBytes(tokens: sequence, batch: batch, type: cache, isRolling: isRolling)
  }
}
