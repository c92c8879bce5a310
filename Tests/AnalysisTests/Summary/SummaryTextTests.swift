// The summary's and the verdict's texts, asserted whole: wording and figures at once.

import Analysis
import Statistics
import Testing

@Suite struct SummaryTextTests {
  @Test func `one seed a variant prints the figures and says that it cannot tell`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.oneSeed, baseline: "classic", isTraining: true)
    #expect(
      summary.document.text == """
        modern

        2 of 2 cells ok

        modern against classic

        As good? 1 seed is too few to say
          validation loss, nats per token: modern 1.8230, classic 1.9520, difference -0.1290
        Faster in training? 1 seed is too few to say
          tokens per second: modern 4.10 k, classic 4.60 k, 0.891 x
        Less memory in training? yes, 0.750 x
          peak, all kinds together: modern 180 MiB, classic 240 MiB, 0.750 x
          parameters: modern 16.0 MiB, classic 18.0 MiB, 0.889 x
        Less memory in the KV cache? yes, 0.500 x
          KV cache, per token: modern 6.00 KiB, classic 12.0 KiB, 0.500 x
          fixed by the architecture, so one seed is enough
        More stable? 1 seed is too few to say
          gradient norm, sd over mean: modern 0.310, classic 0.450, difference -0.140: 1 seed is too few to say
          loss spikes: modern 0, classic 2, difference -2: 1 seed is too few to say
          largest attention logit: modern 8.25, classic 14.10, difference -5.85
          diverged runs: modern 0 of 1, classic 0 of 1

        metric                      modern   classic  modern / classic  difference [95 %]  verdict
        ────────────────────────  ────────  ────────  ────────────────  ─────────────────  ────────────────────────
        val_loss                    1.8230    1.9520             0.934            -0.1290  1 seed is too few to say
        tokens_per_s                4.10 k    4.60 k             0.891            0.891 x  1 seed is too few to say
        peak_bytes                 180 MiB   240 MiB             0.750          -60.0 MiB  better
        parameter_bytes           16.0 MiB  18.0 MiB             0.889          -2.00 MiB  better
        kv_cache_bytes_per_token  6.00 KiB  12.0 KiB             0.500          -6.00 KiB  better
        grad_norm_cv                 0.310     0.450             0.689             -0.140  1 seed is too few to say
        loss_spikes                      0         2             0.000                 -2  1 seed is too few to say
        max_attention_logit           8.25     14.10             0.585              -5.85
        parameters                  4.20 M    4.80 M             0.875             -600 k  differs

        - 1 seed: no interval can be given; 3 seeds can show a large difference
        - not like for like: modern has 12.5 % fewer parameters than classic (4.20 M against 4.80 M)

        """)
  }

  @Test func `several seeds print intervals, and a diverged run is stated and not averaged over`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.fourSeeds, baseline: "classic", isTraining: true)
    #expect(
      summary.document.text == """
        modern

        7 of 8 cells ok: 1 diverged

        modern against classic

        As good? yes, better: -0.1303 [-0.1455, -0.1152]
          validation loss, nats per token: modern 1.8245 ± 0.0050 (4), classic 1.9547 ± 0.0122 (3), difference -0.1303 [-0.1455, -0.1152]
          1 of 4 seeds left out because a run did not finish, which may flatter the variant that did not
        Faster in training? no difference larger than 2 %
          tokens per second: modern 4.10 ± 0.03 k (4), classic 4.11 ± 0.07 k (3), 0.998 x [0.981, 1.016]
        Less memory in training? yes, 0.750 x
          peak, all kinds together: modern 180 MiB, classic 240 MiB, 0.750 x
          parameters: modern 16.0 MiB, classic 18.0 MiB, 0.889 x
        Less memory in the KV cache? yes, 0.500 x
          KV cache, per token: modern 6.00 KiB, classic 12.0 KiB, 0.500 x
          fixed by the architecture, so one seed is enough
        More stable? cannot tell: only grad_norm_cv moved, for the better; two measures must
          gradient norm, sd over mean: modern 0.315 ± 0.013 (4), classic 0.453 ± 0.015 (3), difference -0.133 [-0.185, -0.082]: better
          loss spikes: modern 0 ± 0 (4), classic 1 ± 1 (3), difference -1.0 [-3.5, +1.5]: no difference larger than 3.5
          largest attention logit: modern 8.21 ± 0.22 (4), classic 11.90 ± 2.49 (3), difference -3.65 [-10.25, +2.95]
          diverged runs: modern 0 of 4, classic 1 of 4

        metric                                 modern              classic  modern / classic           difference [95 %]  verdict
        ────────────────────────  ───────────────────  ───────────────────  ────────────────  ──────────────────────────  ─────────────────────────────
        val_loss                  1.8245 ± 0.0050 (4)  1.9547 ± 0.0122 (3)             0.933  -0.1303 [-0.1455, -0.1152]  better
        tokens_per_s                4.10 ± 0.03 k (4)    4.11 ± 0.07 k (3)             0.998      0.998 x [0.981, 1.016]  no difference larger than 2 %
        peak_bytes                            180 MiB              240 MiB             0.750                   -60.0 MiB  better
        parameter_bytes                      16.0 MiB             18.0 MiB             0.889                   -2.00 MiB  better
        kv_cache_bytes_per_token             6.00 KiB             12.0 KiB             0.500                   -6.00 KiB  better
        grad_norm_cv                0.315 ± 0.013 (4)    0.453 ± 0.015 (3)             0.706     -0.133 [-0.185, -0.082]  better
        loss_spikes                         0 ± 0 (4)            1 ± 1 (3)             0.000           -1.0 [-3.5, +1.5]  no difference larger than 3.5
        max_attention_logit           8.21 ± 0.22 (4)     11.90 ± 2.49 (3)             0.693       -3.65 [-10.25, +2.95]
        parameters                             4.20 M               4.80 M             0.875                      -600 k  differs

        - classic, seed 4: diverged: the loss is nan at step 140
        - mean ± sd (number of seeds); differences are paired by seed, with a 95 % t interval
        - tested: val_loss, tokens_per_s, grad_norm_cv, loss_spikes; a verdict needs p < 0.05 after Holm's correction over the 4 tests of the run; other figures that vary are described only
        - not like for like: modern has 12.5 % fewer parameters than classic (4.20 M against 4.80 M)

        """)
  }

  @Test func `the same summary in markdown has tables, bold questions and nested figures`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.oneSeed, baseline: "classic", isTraining: true)
    #expect(
      summary.document.markdown == """
        # modern

        2 of 2 cells ok

        ## modern against classic

        - **As good?** 1 seed is too few to say
          - validation loss, nats per token: modern 1.8230, classic 1.9520, difference -0.1290
        - **Faster in training?** 1 seed is too few to say
          - tokens per second: modern 4.10 k, classic 4.60 k, 0.891 x
        - **Less memory in training?** yes, 0.750 x
          - peak, all kinds together: modern 180 MiB, classic 240 MiB, 0.750 x
          - parameters: modern 16.0 MiB, classic 18.0 MiB, 0.889 x
        - **Less memory in the KV cache?** yes, 0.500 x
          - KV cache, per token: modern 6.00 KiB, classic 12.0 KiB, 0.500 x
          - fixed by the architecture, so one seed is enough
        - **More stable?** 1 seed is too few to say
          - gradient norm, sd over mean: modern 0.310, classic 0.450, difference -0.140: 1 seed is too few to say
          - loss spikes: modern 0, classic 2, difference -2: 1 seed is too few to say
          - largest attention logit: modern 8.25, classic 14.10, difference -5.85
          - diverged runs: modern 0 of 1, classic 0 of 1

        | metric                   |   modern |  classic | modern / classic | difference [95 %] | verdict                  |
        | :----------------------- | -------: | -------: | ---------------: | ----------------: | :----------------------- |
        | val_loss                 |   1.8230 |   1.9520 |            0.934 |           -0.1290 | 1 seed is too few to say |
        | tokens_per_s             |   4.10 k |   4.60 k |            0.891 |           0.891 x | 1 seed is too few to say |
        | peak_bytes               |  180 MiB |  240 MiB |            0.750 |         -60.0 MiB | better                   |
        | parameter_bytes          | 16.0 MiB | 18.0 MiB |            0.889 |         -2.00 MiB | better                   |
        | kv_cache_bytes_per_token | 6.00 KiB | 12.0 KiB |            0.500 |         -6.00 KiB | better                   |
        | grad_norm_cv             |    0.310 |    0.450 |            0.689 |            -0.140 | 1 seed is too few to say |
        | loss_spikes              |        0 |        2 |            0.000 |                -2 | 1 seed is too few to say |
        | max_attention_logit      |     8.25 |    14.10 |            0.585 |             -5.85 |                          |
        | parameters               |   4.20 M |   4.80 M |            0.875 |            -600 k | differs                  |

        - 1 seed: no interval can be given; 3 seeds can show a large difference
        - not like for like: modern has 12.5 % fewer parameters than classic (4.20 M against 4.80 M)

        """)
  }

  @Test func `three variants get an overview, their differences and no verdict`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.threeVariants, baseline: "classic", isTraining: true)
    #expect(
      summary.document.text == """
        modern

        6 of 6 cells ok

        val_loss against naive:
          better: rope -0.4950 [-0.5585, -0.4315]
          2 seeds are too few to say: alibi 0.0000 [-1.2706, +1.2706]

        variant             val_loss  parameters
        ───────  ───────────────────  ──────────
        naive    2.0500 ± 0.0707 (2)      1.00 k
        rope     1.5550 ± 0.0778 (2)      1.00 k
        alibi    2.0500 ± 0.2121 (2)      1.00 k

        - mean ± sd (number of seeds); differences are paired by seed, with a 95 % t interval

        Differences

        metric    variants                      difference [95 %]  Holm p  verdict
        ────────  ───────────────────  ──────────────────────────  ──────  ──────────────────────────
        val_loss  rope against naive   -0.4950 [-0.5585, -0.4315]   0.013  better
        val_loss  alibi against naive   0.0000 [-1.2706, +1.2706]       1  2 seeds are too few to say

        All metrics

        metric                    naive                 rope                alibi  rope / naive  alibi / naive
        ──────────  ───────────────────  ───────────────────  ───────────────────  ────────────  ─────────────
        val_loss    2.0500 ± 0.0707 (2)  1.5550 ± 0.0778 (2)  2.0500 ± 0.2121 (2)         0.759          1.000
        parameters               1.00 k               1.00 k               1.00 k         1.000          1.000

        metric    variants                      difference [95 %]  verdict
        ────────  ───────────────────  ──────────────────────────  ──────────────────────────
        val_loss  rope against naive   -0.4950 [-0.5585, -0.4315]  better
        val_loss  alibi against naive   0.0000 [-1.2706, +1.2706]  2 seeds are too few to say

        - mean ± sd (number of seeds); differences are paired by seed, with a 95 % t interval
        - tested: val_loss; a verdict needs p < 0.05 after Holm's correction over the 2 tests of the run; other figures that vary are described only

        """)
  }

  @Test func `each point of the axes is a block under the overview and missing cells are stated`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.axes, baseline: "classic", isTraining: true)
    #expect(
      summary.document.text == """
        modern

        2 of 3 cells ok: 1 not run; 1 excluded

        val_loss against a: 1 seed is too few to say: b +0.1000

        sequence  variant  val_loss  parameters  status
        ────────  ───────  ────────  ──────────  ───────
             128  a          1.5000      1.00 k  ok
             128  b          1.6000      1.00 k  ok
             512  a               -      1.00 k  not run

        - a, sequence 512, seed 1: not run
        - b, sequence 512, seed 1: excluded: excluded by matrix.exclude
        - 1 seed: cannot tell differences in val_loss from noise; 3 seeds can show a large one

        All metrics

        workload.sequence = 128

        metric           a       b  b / a  difference [95 %]  verdict
        ──────────  ──────  ──────  ─────  ─────────────────  ────────────────────────
        val_loss    1.5000  1.6000  1.067            +0.1000  1 seed is too few to say
        parameters  1.00 k  1.00 k  1.000                  0  the same

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        b against a

        As good? 1 seed is too few to say
          validation loss, nats per token: b 1.6000, a 1.5000, difference +0.1000
        Faster in training? not measured
        Less memory in training? not measured
        Less memory in the KV cache? not measured
        More stable? not measured
          diverged runs: b 0 of 1, a 0 of 1

        workload.sequence = 512

        metric           a       b  b / a  difference [95 %]  verdict
        ──────────  ──────  ──────  ─────  ─────────────────  ────────
        parameters  1.00 k  1.00 k  1.000                  0  the same

        - a, seed 1: not run
        - b, seed 1: excluded: excluded by matrix.exclude

        b against a

        As good? not measured
        Faster in training? not measured
        Less memory in training? not measured
        Less memory in the KV cache? not measured
        More stable? not measured
          diverged runs: b 0 of 0, a 0 of 0

        """)
  }

  @Test func `one variant without a name prints a single column of values`() {
    let summary = Summary(
      experiment: "modern", rows: SummaryCases.alone, baseline: "classic", isTraining: true)
    #expect(
      summary.document.text == """
        modern

        3 of 3 cells ok

        metric                    value
        ──────────  ───────────────────
        val_loss    1.6000 ± 0.1000 (3)
        parameters               1.00 k

        - mean ± sd (number of seeds)

        """)
  }
}
