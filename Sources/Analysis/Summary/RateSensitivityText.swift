// The section on learning rates, for people and for programs.

import Config
import Records
import Statistics

extension Summary {
  /// The axis of learning rates: three or more of them, of a training.
  private var rateAxis: String? {
    axes.keys.first { key in
      let isRate = key == "optimizer.lr" || key.hasSuffix(".optimizer.lr")
      return isTraining && isRate && axes.values(key).count >= RateSensitivity.fewest
    }
  }

  /// The sensitivity of each variant at each combination of the other axes.
  package var rateSensitivities: [RateSensitivity] {
    guard let axis = rateAxis else { return [] }
    return groups(without: axis).flatMap { blocks in
      variants.compactMap { RateSensitivity($0, along: axis, in: blocks) }
    }
  }

  /// Each variant's sensitivity against its baseline's.
  package var rateComparisons: [RateSensitivity.Comparison] {
    let all = rateSensitivities
    return all.compactMap { subject in
      let baseline = baselines.baseline(of: subject.variant)
      return all.first { $0.variant == baseline && $0.others == subject.others }.map {
        RateSensitivity.Comparison(subject, against: $0)
      }
    }
  }

  /// The section for people; empty where there is no grid of learning rates.
  var rateSensitivityContent: [DocumentBlock] {
    let all = rateSensitivities
    guard let axis = rateAxis, !all.isEmpty else { return [] }
    let rates = axes.values(axis)
    let others = axes.keys.filter { $0 != axis }
    let table = Table(
      header: ["variant"] + others.map(axes.name)
        + ["sensitivity", "best loss", "at rate", "diverged"],
      rows: all.map { one in
        [one.variant]
          + others.map { key in
            axes.text(key, one.others.first { $0.key == key }?.value)
          } + [
            text(one.sample), Metric.valLoss.text(one.bestLoss), axes.text(axis, one.bestRate),
            "\(one.diverged) of \(one.cells)",
          ]
      }, left: Set(0...others.count))
    let comparisons = rateComparisons.map { one in
      let place = axes.label(variant: nil, at: one.others)
      let difference = one.pairs.difference.map { difference in
        ", difference "
          + (one.pairs.interval.map { Metric.valLoss.difference(difference, within: $0) }
            ?? Metric.valLoss.difference(difference))
      }
      return ListItem(
        "\(place.isEmpty ? "" : place + ": ")\(one.subject) against \(one.baseline): "
          + one.words + (difference ?? ""))
    }
    return [
      .heading("Sensitivity to the learning rate", level: 2),
      .paragraph(
        "mean over \(rates.count) rates of min(final loss, loss at init), less the best, in nats a "
          + "token; a diverged run counts with its loss at init"),
      .table(table),
    ] + (comparisons.isEmpty ? [] : [.list(comparisons)])
  }

  private func text(_ sample: Sample) -> String {
    guard let mean = sample.mean else { return "-" }
    return sample.sd.map { "\(Metric.valLoss.text(mean, sd: $0)) (\(sample.n))" }
      ?? Metric.valLoss.text(mean)
  }

  var rateSensitivityJSON: JSON {
    let variants = rateSensitivities.map { one -> JSON in
      let values = zip(one.seeds, one.sample.values).map { seed, value -> JSON in
        ["seed": .integer(seed), "value": .real(value)]
      }
      return [
        "variant": .string(one.variant),
        "axes": .object(one.others.map { JSON.Member($0.key, $0.value) }),
        "n": .integer(one.sample.n), "mean": .real(one.sample.mean), "sd": .real(one.sample.sd),
        "best_loss": .real(one.bestLoss), "best_rate": one.bestRate,
        "diverged": .integer(one.diverged), "cells": .integer(one.cells),
        "values": .array(values),
      ]
    }
    let comparisons = rateComparisons.map { one -> JSON in
      [
        "variant": .string(one.subject), "baseline": .string(one.baseline),
        "axes": .object(one.others.map { JSON.Member($0.key, $0.value) }),
        "pairs": .integer(one.pairs.n), "difference": .real(one.pairs.difference),
        "difference_low": .real(one.pairs.interval?.low),
        "difference_high": .real(one.pairs.interval?.high), "t_p": .real(one.pairs.tTestP),
        "winner": .string(one.winner), "words": .string(one.words),
      ]
    }
    return ["variants": .array(variants), "comparisons": .array(comparisons)]
  }
}
