// What is said about experiment files whose variants, matrix or settings are wrong.

import Config
import Experiments
import Testing

@Suite struct ExperimentFaultTests {
  @Test func anUnknownVariantInExcludeIsSuggested() {
    #expect(
      specFaults(
        """
        variants: {modern: {}, classic: {}}
        matrix:
          exclude: [{variant: clasic}]
        """) == """
          x.yaml:3:23: error: unknown variant 'clasic'
            exclude: [{variant: clasic}]
                                ^
          did you mean 'classic'?

          """)
  }

  @Test func aMetricThatCannotBeBetterIsNamedAtItsPlace() {
    #expect(
      specFaults("compare: {metrics: [val_loss, tokens_per_sec]}") == """
        x.yaml:1:20: error: 'tokens_per_sec' is no metric that can be better or worse
        compare: {metrics: [val_loss, tokens_per_sec]}
                           ^
        did you mean 'tokens_per_s'?

        """)
    #expect(specFaults("compare: {metrics: [parameters]}").contains("'parameters' is no metric"))
  }

  @Test func aVariantComparedWithNoneOfTheOthersIsSuggestedAtItsPlace() {
    #expect(
      specFaults(
        """
        variants: {modern: {}, modern-rope: {}, classic+rope: {}}
        compare:
          modern-rop: modern
          modern-rope: moden
          classic+rope: classic+rope
          modern: [1]
        """) == """
          x.yaml:3:3: error: unknown variant 'modern-rop'
            modern-rop: modern
            ^
          did you mean 'modern-rope'?
          x.yaml:4:16: error: unknown variant 'moden'
            modern-rope: moden
                         ^
          did you mean 'modern'?
          x.yaml:5:17: error: compare.classic+rope compares a variant with itself
            classic+rope: classic+rope
                          ^
          x.yaml:6:11: error: compare.modern must be the name of a variant, not a list
            modern: [1]
                    ^

          """)
  }

  @Test func anAxisThatIsNoOptionIsSuggested() {
    #expect(
      specFaults("matrix:\n  workload.sequnce: [1, 2]\n") == """
        x.yaml:2:3: error: axis path 'workload.sequnce' is not an option
          workload.sequnce: [1, 2]
          ^
        did you mean 'workload.sequence'?

        """)
  }

  @Test func anAxisValueOutOfRangeIsReportedAtTheValueOnce() {
    #expect(
      specFaults(
        """
        seeds: [1, 2]
        variants: {a: {}, b: {}}
        matrix: {workload.sequence: [0, 8]}
        """) == """
          x.yaml:3:30: error: workload.sequence must be from 1 to 4096, not 0
          matrix: {workload.sequence: [0, 8]}
                                       ^

          """)
  }

  @Test func aFaultInAVariantIsReportedWhereItIsWritten() {
    #expect(
      specFaults(
        """
        variants:
          a: {}
          b: {model: {norm: layernrom, layer: 2}, modle: 1}
        """) == """
          x.yaml:3:21: error: unknown word 'layernrom' for model.norm
            b: {model: {norm: layernrom, layer: 2}, modle: 1}
                              ^
          did you mean 'layernorm'?
          x.yaml:3:32: error: unknown key 'layer' in model
            b: {model: {norm: layernrom, layer: 2}, modle: 1}
                                         ^
          did you mean 'layers'?
          x.yaml:3:43: error: unknown key 'modle'
            b: {model: {norm: layernrom, layer: 2}, modle: 1}
                                                    ^
          did you mean 'model'?

          """)
  }

  @Test func aRuleBrokenInOneCellOnlyNamesTheCell() {
    #expect(
      specFaults(
        """
        model:
          attention: {type: gqa, kv_heads: 4}
        matrix:
          model.attention.heads: [8, 6]
        """) == """
          x.yaml:2:36: error: heads (6) must be a multiple of kv_heads (4)
            attention: {type: gqa, kv_heads: 4}
                                             ^
          x.yaml:4:3: note: model.attention.heads is set here
          note: in cell heads=6

          """)
  }

  @Test func faultsOfHeaderMatrixAndCellsComeTogetherInOrder() {
    let text = specFaults(
      """
      nmae: x
      seeds: [1, 1]
      model: {layers: 0}
      variants: {"a b": {}, c: 3}
      matrix:
        workload.sequence: []
        model.layers: [1, 1]
        exclude: [{sede: 1}, 7]
      """)
    let headers = text.split(separator: "\n").filter { $0.contains(": error: ") }
    let expected: [String] = [
      "x.yaml:1:1: error: unknown key 'nmae'",
      "x.yaml:2:8: error: 1 appears twice in seeds",
      "x.yaml:4:12: error: variant 'a b' cannot be a folder name: use up to 64 letters, digits, "
        + "'-', '_', '+' and '.', beginning with a letter or digit",
      "x.yaml:4:26: error: variants.c must be a mapping, not the number 3",
      "x.yaml:6:3: error: axis 'workload.sequence' has no values: write a list",
      "x.yaml:7:21: error: 1 appears twice in model.layers",
      "x.yaml:8:14: error: 'sede' is not an axis of the matrix",
      "x.yaml:8:24: error: matrix.exclude must be a list of mappings such as {variant: ...}, "
        + "not the number 7",
    ]
    #expect(headers.map(String.init) == expected)
  }

  @Test func settingsThatAreWrongPointIntoTheArgument() {
    #expect(
      specFaults("{a: 1}", sets: ["model.layers", "model..x=1"]) == """
        --set model.layers: error: 'model.layers' is not of the form path=value, such as \
        model.layers=4
        model.layers
        ^
        --set model..x=1: error: 'model..x' is not a dotted path such as model.layers
        model..x=1
        ^

        """)
    #expect(
      specFaults("model: {}", sets: ["model.layers=0", "model.layer=3", "model.norm=[a"]).hasPrefix(
        "--set model.norm=[a: error: not valid YAML: expected ',' or the ']' that closes the list"))
    #expect(
      specFaults("model: {}", sets: ["model.layers=0", "model.layer=3"]) == """
        --set model.layers=0: error: model.layers must be from 1 to 64, not 0
        model.layers=0
                     ^
        --set model.layer=3: error: unknown key 'layer' in model
        model.layer=3
        ^
        did you mean 'model.layers'?

        """)
  }

  @Test func tooManyCellsAreRefusedBeforeTheyAreMade() {
    let seeds = (1...1000).map(String.init).joined(separator: ", ")
    #expect(
      specFaults("seeds: [\(seeds)]\nmatrix: {workload.sequence: [\(seeds)]}\n")
        .hasPrefix("x.yaml:2:9: error: the matrix has more than 100000 cells\n"))
  }

  @Test func aMatrixThatExcludesEverythingIsAFault() {
    #expect(
      specFaults("matrix: {exclude: [{seed: 1}]}\n")
        .hasPrefix("x.yaml:1:19: error: every cell of the matrix is excluded\n"))
  }

  @Test func anExcludedValueThatNoCellHasIsAFault() {
    #expect(
      specFaults("matrix: {workload.sequence: [8, 16], exclude: [{workload.sequence: 32}]}\n")
        == """
        x.yaml:1:68: error: 'workload.sequence' is never 32
        matrix: {workload.sequence: [8, 16], exclude: [{workload.sequence: 32}]}
                                                                           ^
        its values: 8, 16

        """)
  }

  @Test func anAxisOfSomeVariantsOnlyNamesACellThatLacksIt() {
    #expect(
      specFaults(
        """
        variants: {a: {}, b: {model: {attention: mha}}}
        matrix:
          model.attention.kv_heads: [2, 4]
        """
      ).hasSuffix("note: in cell b/kv_heads=2\n"))
  }
}
