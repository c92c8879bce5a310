// From a file to cells: variants, axes, seeds, exclusions, settings, and files that run again.

import Config
import Experiments
import TestSupport
import Testing

@Suite struct ExperimentTests {
  @Test func theSampleExpandsToVariantsTimesAxesTimesSeeds() throws {
    let experiment = try loadSpec(specSample)
    #expect(experiment.name == "sample")
    #expect(experiment.question == "Does it matter?")
    #expect(experiment.variants == ["modern", "classic"])
    #expect(
      experiment.cells.map(\.label) == [
        "modern/sequence=128/seed=1", "modern/sequence=128/seed=2", "modern/sequence=256/seed=1",
        "modern/sequence=256/seed=2", "classic/sequence=128/seed=1", "classic/sequence=128/seed=2",
        "classic/sequence=256/seed=1", "classic/sequence=256/seed=2",
      ])
    #expect(experiment.cells.map(\.index) == Array(0..<8))
    let modern = SpecModel(layers: 2, norm: "rmsnorm", attention: "gqa", heads: 8, groups: 4)
    let classic = SpecModel(layers: 2, norm: "layernorm", attention: "mha", heads: 4)
    #expect(experiment.cells[2].model == modern)
    #expect(experiment.cells[2].workload == SpecWorkload(word: "train", sequence: 256))
    #expect(experiment.cells[4].model == classic)
    #expect(experiment.cells[4].device == .cpu)
    #expect(experiment.cells[4].axes.map(\.value) == [128])
  }

  @Test func excludedCellsAreKeptWithTheReason() throws {
    let cells = try loadSpec(specSample).cells
    #expect(
      cells.map { $0.exclusion != nil } == [false, false, false, false, false, false, true, true])
    #expect(
      cells[7].exclusion
        == "excluded by {variant: classic, workload.sequence: 256} at experiments/x.yaml:22:13")
    #expect(cells[7].model == nil)
  }

  @Test func aFileWithoutVariantsHasOneCell() throws {
    let experiment = try loadSpec("model: {layers: 1}\n", name: "experiments/My test.yaml")
    #expect(experiment.name == "My-test")
    #expect(experiment.cells.map(\.label) == ["base"])
    #expect(experiment.cells[0].seed == 1)
    #expect(experiment.cells[0].device == .auto)
  }

  @Test func whatIsComparedWithWhatIsKeptAndRunsAgain() throws {
    let experiment = try loadSpec(
      "variants: {new: {}, old+rope: {}, old: {}}\ncompare: {old+rope: old}\n")
    #expect(experiment.compare.map(\.variant) == ["old+rope"])
    #expect(experiment.compare.map(\.baseline) == ["old"])
    let again = try loadSpec(experiment.resolvedYAML)
    #expect(again.compare.map(\.baseline) == ["old"])
    #expect(again.resolvedYAML == experiment.resolvedYAML)
    #expect(try loadSpec("variants: {new: {}, old: {}}").compare.isEmpty)
    let chosen = try loadSpec(
      "variants: {new: {}, old: {}}\ncompare: {new: old, metrics: [val_loss, grad_norm_cv]}\n")
    #expect(chosen.primary == ["val_loss", "grad_norm_cv"])
    #expect(try loadSpec(chosen.resolvedYAML).primary == chosen.primary)
    // A variant may be called so.
    let named = try loadSpec("variants: {metrics: {}, old: {}}\ncompare: {old: metrics}\n")
    #expect(named.primary.isEmpty && named.compare.map(\.baseline) == ["metrics"])
  }

  @Test func aResolvedCellRunsAgainAsIs() throws {
    for cell in try loadSpec(specSample).cells where cell.exclusion == nil {
      let again = try loadSpec(cell.resolvedYAML)
      let only = try #require(again.cells.first)
      #expect(again.cells.count == 1)
      #expect(only.model == cell.model && only.workload == cell.workload)
      #expect((only.seed, only.variant) == (cell.seed, cell.variant))
      #expect(only.canonical == cell.canonical)
      #expect(only.resolvedYAML == cell.resolvedYAML)
    }
  }

  @Test func aResolvedCellReadsLikeAFile() throws {
    #expect(
      try loadSpec(specSample).cells[0].resolvedYAML == """
        name: sample
        device: cpu
        precision: f32
        seeds: [1]
        variants:
          modern: {}
        model:
          layers: 2
          norm:
            type: rmsnorm
          attention:
            type: gqa
            heads: 8
            kv_heads: 4
        workload:
          type: train
          sequence: 128
          batch: 4
          data:
            name: plays
            fallback: null  # an error
          optimizer:
            type: adamw
            lr: 0.002

        """)
  }

  @Test(arguments: [
    specSample, "model: {attention: {heads: 6}}\nmatrix:\n  model.attention.type: [gqa, mha]\n",
    "variants: {a: {model: {attention: {kv_heads: 2}}}, b: {workload: inspect}}\n",
    "matrix: {workload: [inspect, {type: train, batch: 2}], model.attention.heads: [2, 4]}\n",
  ])
  func aResolvedExperimentHasTheSameCells(text: String) throws {
    let first = try loadSpec(text)
    let again = try loadSpec(first.resolvedYAML)
    #expect(again.cells.map(\.label) == first.cells.map(\.label))
    #expect(again.cells.map(\.canonical) == first.cells.map(\.canonical))
    #expect(again.resolvedYAML == first.resolvedYAML)
  }

  @Test func theCanonicalFormIgnoresNamesAndSpelling() throws {
    let first = try loadSpec("name: a\nmodel: {norm: rmsnorm, layers: 3}\n").cells[0]
    let second = try loadSpec(
      "name: b\nvariants: {v: {model: {layers: 3}}}\nmodel: {norm: {type: rmsnorm}}\n"
    ).cells[0]
    #expect(first.canonical == second.canonical)
    #expect(
      first.canonical == """
        {"device":"auto","model":{"attention":{"heads":8,"kv_heads":4,"type":"gqa"},"layers":3,\
        "norm":"rmsnorm"},"precision":"f32","seed":1,"workload":{"batch":4,\
        "data":{"fallback":null,"name":"plays"},"optimizer":{"lr":0.001,"type":"adamw"},"sequence":128,\
        "type":"train"}}
        """)
    let third = try loadSpec("model: {layers: 4}\n").cells[0]
    #expect(third.canonical != first.canonical)
  }

  // MARK: Settings

  @Test func settingsWinOverTheFileItsVariantsAndItsAxes() throws {
    let experiment = try loadSpec(
      specSample,
      sets: [
        "model.norm=layernorm", "workload.sequence=64", "seeds=3", "model.attention.heads=2",
        "matrix.exclude=[]", "model.attention={type: mha}", "name=other",
      ])
    #expect(experiment.name == "other")
    #expect(experiment.cells.map(\.label) == ["modern/sequence=64", "classic/sequence=64"])
    #expect(experiment.cells.map(\.model?.norm) == ["layernorm", "layernorm"])
    #expect(experiment.cells.map(\.seed) == [3, 3])
    // Setting the type afresh drops the heads of gqa, but not those of what is mha already.
    #expect(experiment.cells.map(\.model?.heads) == [8, 2])
  }

  @Test func aSettingCreatesMappingsOnItsWayDown() throws {
    let cell = try loadSpec(
      "model: {norm: rmsnorm}", sets: ["workload.optimizer.lr=0.5", "model.attention.kv_heads=2"]
    ).cells[0]
    #expect(cell.resolved["workload"]?["optimizer"]?["lr"] == .real(0.5))
    #expect(cell.model?.groups == 2)
  }

  @Test func varyAddsAnAxisOrReplacesOne() throws {
    let experiment = try loadSpec(
      specSample, sets: ["matrix.exclude=~", "seeds=1"],
      vary: ["workload.sequence=32,64", "model.norm=[rmsnorm, layernorm]"])
    #expect(
      experiment.cells.prefix(4).map(\.label) == [
        "modern/sequence=32/norm=rmsnorm", "modern/sequence=32/norm=layernorm",
        "modern/sequence=64/norm=rmsnorm", "modern/sequence=64/norm=layernorm",
      ])
    #expect(experiment.cells.map(\.workload?.sequence).prefix(3) == [32, 32, 64])
  }

  @Test func axesOverComponentsStartThemAfreshAndHaveShortNames() throws {
    let experiment = try loadSpec(
      """
      model: {attention: {type: gqa, kv_heads: 2}}
      matrix:
        model.attention: [gqa, mha, {type: mha, heads: 4}, {heads: 16}]
        workload.data.name: [a/b c, "a/b;c"]
      """)
    #expect(
      experiment.cells.map(\.label).enumerated().filter { $0.offset % 2 == 0 }.map(\.element) == [
        "attention=gqa/name=a_b_c", "attention=mha/name=a_b_c", "attention=mha,heads=4/name=a_b_c",
        "attention=gqa,heads=16/name=a_b_c",
      ])
    #expect(experiment.cells[1].label == "attention=gqa/name=a_b_c-2")
    #expect(experiment.cells.map(\.model?.groups) == [2, 2, nil, nil, nil, nil, 2, 2])
    #expect(experiment.cells.map(\.model?.heads) == [8, 8, 8, 8, 4, 4, 16, 16])
  }

  @Test func exclusionsMatchSeedsAndListsOfValues() throws {
    let experiment = try loadSpec(
      """
      seeds: [1, 2, 3]
      matrix: {workload.sequence: [8, 16], exclude: [{seed: [1, 2], workload.sequence: 8.0}]}
      """)
    #expect(experiment.cells.map { $0.exclusion == nil } == [false, false, true, true, true, true])
  }

  @Test(.timeLimit(.minutes(30))) func aMatrixOfNearlyTheLimitExpands() throws {
    let start = threadSeconds()
    let lengths = (1...300).map(String.init).joined(separator: ", ")
    let rates = (1...300).map { "\($0)e-3" }.joined(separator: ", ")
    let experiment = try loadSpec(
      "matrix: {workload.sequence: [\(lengths)], workload.optimizer.lr: [\(rates)]}\n")
    #expect(experiment.cells.count == 90_000)
    #expect(Set(experiment.cells.map(\.label)).count == 90_000)
    #expect(experiment.cells.last?.label == "sequence=300/lr=0.3")
    #expect(threadSeconds() - start < 60)
  }
}
