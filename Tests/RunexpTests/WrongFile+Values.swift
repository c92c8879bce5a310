// Values of the wrong type or out of range, and texts that YAML readers disagree on.

extension WrongFile {
  static let values = [
    WrongFile(
      "a text for a number", "model: {layers: six}\n",
      "x.yaml:1:17: error: model.layers must be a whole number from 1 to 1024, not the text 'six'"),
    WrongFile(
      "a fraction for a whole number", "model: {layers: 1.5}\n",
      "x.yaml:1:17: error: model.layers must be a whole number", "not the number 1.5"),
    WrongFile(
      "a whole number with a decimal point", "model: {layers: 6.0}\n",
      "x.yaml:1:17: error:", "write 6"),
    WrongFile(
      "a list for a number", "model: {width: [64, 128]}\n",
      "x.yaml:1:16: error: model.width must be a whole number from 1 to 65536, not a list"),
    WrongFile(
      "a mapping for a number", "workload: {steps: {max: 3}}\n",
      "x.yaml:1:19: error: workload.steps must be a whole number", "not a mapping"),
    WrongFile(
      "a quoted number", "model: {layers: '6'}\n",
      "x.yaml:1:17: error:", "not the quoted text '6': write 6 without quotes"),
    WrongFile(
      "a leading zero", "model: {layers: 010}\n",
      "x.yaml:1:17: error:", "the number 010: write 10, without the leading zero"),
    WrongFile(
      "a sexagesimal", "workload: {steps: 1:30}\n",
      "x.yaml:1:19: error:", "the number 1:30: write 90, or quote a text"),
    WrongFile(
      "a hexadecimal", "model: {width: 0x40}\n", "x.yaml:1:16: error:", "the number 0x40: write 64"),
    WrongFile(
      "a number with underscores", "workload: {steps: 1_000}\n",
      "x.yaml:1:19: error:", "the number 1_000: write 1000"),
    WrongFile(
      "a number too large for any integer", "workload: {steps: 99999999999999999999}\n",
      "x.yaml:1:19: error:", "it is too large to represent"),
    WrongFile(
      "a number that is 0 in f32", "model: {norm: {epsilon: 1e-46}}\n",
      "x.yaml:1:25: error: model.norm.epsilon must be a number from 0 to 1, not the number 1e-46",
      "as a 32-bit float, which kernels compute in, it is 0"),
    WrongFile(
      "a rate that is 0 in f32", "workload: {optimizer: {lr: 1e-60}}\n",
      "x.yaml:1:28: error: workload.optimizer.lr must be a number", "it is 0"),
    WrongFile(
      "a share that is 1 in f32", "model: {dropout: 0.999999999}\n",
      "x.yaml:1:18: error: model.dropout must be a number at least 0 and below 1", "it is 1"),
    WrongFile(
      "layers that are all left out", "model: {stochastic_depth: 1.0}\n",
      "x.yaml:1:27: error: model.stochastic_depth must be at least 0 and below 1, not 1.0"),
    WrongFile(
      "labels that are nothing but smoothed", "model: {label_smoothing: 1}\n",
      "x.yaml:1:26: error: model.label_smoothing must be at least 0 and below 1, not 1"),
    WrongFile(
      "a softcap of 0 in f32 in a list of cells",
      "matrix: {model.attention.softcap: [30, 1e-50]}\n",
      "x.yaml:1:40: error:", "it is 0"),
    WrongFile(
      "infinity", "workload: {optimizer: {lr: .inf}}\n",
      "x.yaml:1:28: error: workload.optimizer.lr must be a number", ".inf: it must be finite"),
    WrongFile(
      "not a number", "workload: {optimizer: {lr: .nan}}\n",
      "x.yaml:1:28: error:", ".nan: it must be finite"),
    WrongFile(
      "an overflowing exponent", "workload: {optimizer: {lr: 1e999}}\n",
      "x.yaml:1:28: error:", "it is too large to represent"),
    WrongFile(
      "yes for true", "model: {tied_embeddings: yes}\n",
      "x.yaml:1:26: error: model.tied_embeddings must be true or false, not the text 'yes': write true"
    ),
    WrongFile(
      "off for false", "model: {attention: {bias: off}}\n",
      "x.yaml:1:27: error: model.attention.bias must be true or false", "write false"),
    WrongFile(
      "a number for a boolean", "model: {tied_embeddings: 1}\n",
      "x.yaml:1:26: error:", "must be true or false, not the number 1"),
    WrongFile(
      "nothing for a number", "model:\n  layers:\n  width: 64\n",
      "x.yaml:2:3: error: model.layers has no value: write a whole number from 1 to 1024, "
        + "or remove the line"),
    WrongFile(
      "null for a component", "model:\n  norm: null\n", "x.yaml:2:3: error: model.norm has no value"
    ),
    WrongFile(
      "a list for a component", "model:\n  norm: [rmsnorm]\n",
      "x.yaml:2:9: error: model.norm must be", "not a list"),
    WrongFile(
      "a text for a section", "model: large\n",
      "x.yaml:1:8: error: model must be a mapping, not the text 'large'"),
    WrongFile(
      "a list for a section", "workload:\n  dataset: [a, b]\n",
      "x.yaml:2:12: error: workload.dataset must be a word or a mapping, not a list"),
    WrongFile(
      "no layers", "model: {layers: 0}\n",
      "x.yaml:1:17: error: model.layers must be from 1 to 1024, not 0"),
    WrongFile(
      "too many layers", "model: {layers: 1025}\n",
      "x.yaml:1:17: error: model.layers must be from 1 to 1024, not 1025"),
    WrongFile(
      "a negative width", "model: {width: -64}\n",
      "x.yaml:1:16: error: model.width must be from 1 to 65536, not -64"),
    WrongFile(
      "no heads", "model: {attention: {heads: 0}}\n",
      "x.yaml:1:28: error: model.attention.heads must be from 1 to 1024, not 0"),
    WrongFile(
      "a base of 1", "model: {position: {type: rope, base: 1}}\n",
      "x.yaml:1:38: error: model.position.base must be above 1 and at most 1000000000000, not 1"),
    WrongFile(
      "a negative epsilon", "model: {norm: {type: layernorm, epsilon: -1}}\n",
      "x.yaml:1:42: error: model.norm.epsilon must be from 0 to 1, not -1"),
    WrongFile(
      "no steps", "workload: {steps: 0}\n",
      "x.yaml:1:19: error: workload.steps must be from 1 to 1000000000, not 0"),
    WrongFile(
      "an empty batch", "workload: {batch: 0}\n",
      "x.yaml:1:19: error: workload.batch must be from 1 to 65536, not 0"),
    WrongFile(
      "a rate of 0", "workload: {optimizer: {lr: 0}}\n",
      "x.yaml:1:28: error: workload.optimizer.lr must be above 0 and at most 100, not 0"),
    WrongFile(
      "a first moment that never decays", "workload: {optimizer: {beta1: 1}}\n",
      "x.yaml:1:31: error: workload.optimizer.beta1 must be at least 0 and below 1, not 1"),
    WrongFile(
      "a negative seed", "seeds: [1, -2]\n",
      "x.yaml:1:12: error: seeds must be from 0 to 2147483647, not -2"),
    WrongFile(
      "no seeds", "seeds: []\n", "x.yaml:1:8: error: seeds is an empty list"),
    WrongFile(
      "a text among the seeds", "seeds: [1, two]\n",
      "x.yaml:1:12: error: seeds must be", "the text 'two'"),
    WrongFile(
      "a seed twice", "seeds: [1, 2, 1]\n", "x.yaml:1:8: error: 1 appears twice in seeds"),
    WrongFile(
      "a name with a slash", "name: ../evil\n",
      "x.yaml:1:7: error: name '../evil' cannot be a folder name"),
    WrongFile(
      "an empty name", "name: ''\n", "x.yaml:1:7: error: name '' cannot be a folder name"),
    WrongFile(
      "a name that looks like an option", "name: --help\n",
      "x.yaml:1:7: error: name '--help' cannot be a folder name"),
    WrongFile(
      "a very long name", "name: \(String(repeating: "a", count: 65))\n",
      "x.yaml:1:7: error: name 'aaa", "cannot be a folder name"),
  ]

  /// The text as a whole.
  static let documents = [
    WrongFile("an empty file", "", "x.yaml: error: is empty"),
    WrongFile("only comments", "# nothing\n\n# at all\n", "x.yaml: error: is empty"),
    WrongFile("only a document marker", "---\n", "x.yaml: error: is empty"),
    WrongFile(
      "a list", "- model\n- workload\n",
      "x.yaml:1:1: error: an experiment file is a mapping (key: value), not a list"),
    WrongFile(
      "a text", "hello\n",
      "x.yaml:1:1: error: an experiment file is a mapping (key: value), not the text 'hello'"),
    WrongFile(
      "two documents", "name: a\n---\nname: b\n",
      "x.yaml:2:1: error: a second document begins here: one file holds one experiment"),
    WrongFile(
      "a key twice", "model:\n  width: 64\n  width: 128\n",
      "x.yaml:3:3: error: duplicate key 'width'", "x.yaml:2:3: note: 'width' is first set here"),
    WrongFile(
      "a tab in the indentation", "model:\n\twidth: 64\n",
      "x.yaml:2:1: error: a tab cannot stand here: YAML is indented with spaces"),
    WrongFile(
      "an open bracket", "model: {width: 64\n",
      "error: not valid YAML: expected ',' or the '}' that closes the mapping"),
    WrongFile(
      "an open quote", "name: 'tiny\n",
      "error: not valid YAML: the file ends inside a quoted text"),
    WrongFile(
      "a line indented too far", "name: tiny\n  seeds: 1\n",
      "x.yaml:2:8: error: not valid YAML: a ':' cannot stand here"),
    WrongFile(
      "a merge key", "model: &m {width: 64}\nvariants: {a: {<<: *m}}\n",
      "error: merge keys (<<) are not supported"),
    WrongFile(
      "a tag", "model: !!python/object {width: 64}\n", "x.yaml:1:8: error: tags such as"),
    WrongFile(
      "an unknown alias", "model: *other\n",
      "x.yaml:1:8: error: unknown alias 'other': no anchor has that name"),
    WrongFile(
      "an alias of itself", "model: &m {a: *m}\n", "x.yaml:1:15: error: alias 'm' contains itself"),
    WrongFile(
      "a list as a key", "? [a, b]\n: 1\n", "x.yaml:1:3: error: a key must be a word, not a list"),
    WrongFile(
      "exploding aliases", explodingAliases, "error: more than 20000 values"),
    WrongFile(
      "nesting without end", String(repeating: "{a: ", count: 1000),
      "error: nested deeper than 64 levels"),
    WrongFile(
      "a control character", "name: a\u{7}b\n", "x.yaml:1:8: error: control character U+0007"),
  ]

  /// Nine aliases of nine aliases, nine levels deep: 9^9 values out of 500 characters.
  private static var explodingAliases: String {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let row = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(row)]\n"
    }
    return text
  }

  /// Variants and the matrix.
  static let matrices = [
    WrongFile(
      "an unknown variant in exclude",
      "variants: {modern: {}, classic: {}}\nmatrix: {exclude: [{variant: clasic}]}\n",
      "x.yaml:2:30: error: unknown variant 'clasic'", "did you mean 'classic'?"),
    WrongFile(
      "an axis that is no option", "matrix:\n  workload.sequnce: [64, 128]\n",
      "x.yaml:2:3: error: axis path 'workload.sequnce' is not an option",
      "did you mean 'workload.sequence'?"),
    WrongFile(
      "an axis without values", "matrix:\n  workload.sequence: []\n",
      "x.yaml:2:3: error: axis 'workload.sequence' has no values: write a list"),
    WrongFile(
      "a value twice on an axis", "matrix: {model.layers: [1, 2, 1]}\n",
      "x.yaml:1:31: error: 1 appears twice in model.layers"),
    WrongFile(
      "a value out of range on an axis", "matrix: {model.layers: [1, 0]}\n",
      "x.yaml:1:28: error: model.layers must be from 1 to 1024, not 0"),
    WrongFile(
      "a path that is none", "matrix: {model..layers: [1, 2]}\n",
      "x.yaml:1:10: error: 'model..layers' is not a dotted path such as model.layers"),
    WrongFile(
      "an exclusion by what is no axis",
      "matrix: {model.layers: [1, 2], exclude: [{model.width: 8}]}\n",
      "x.yaml:1:43: error: 'model.width' is not an axis of the matrix"),
    WrongFile(
      "an exclusion of what no cell has",
      "matrix: {model.layers: [1, 2], exclude: [{model.layers: 3}]}\n",
      "x.yaml:1:57: error: 'model.layers' is never 3", "its values: 1, 2"),
    WrongFile(
      "an exclusion that is no mapping", "matrix: {exclude: [classic]}\n",
      "x.yaml:1:20: error: matrix.exclude must be a list of mappings"),
    WrongFile(
      "everything excluded", "variants: {a: {}}\nmatrix: {exclude: [{variant: a}]}\n",
      "x.yaml:2:19: error: every cell of the matrix is excluded"),
    WrongFile(
      "a matrix that is a list", "matrix: [1, 2]\n",
      "x.yaml:1:9: error: matrix must be a mapping, not a list"),
    WrongFile(
      "a rule broken in one cell of the matrix",
      "model: {width: 240, attention: {type: gqa, kv_heads: 4}}\nmatrix: {model.attention.heads: [8, 6]}\n",
      "x.yaml:1:54: error: heads (6) must be a multiple of kv_heads (4)", "note: in cell heads=6"),
    WrongFile(
      "a variant whose name is no folder's", "variants: {'a b': {}}\n",
      "x.yaml:1:12: error: variant 'a b' cannot be a folder name"),
    WrongFile(
      "a variant that is no mapping", "variants: {a: 3}\n",
      "x.yaml:1:15: error: variants.a must be a mapping, not the number 3"),
    WrongFile(
      "a seed within a variant", "variants: {a: {seeds: 1}}\n",
      "x.yaml:1:16: error: unknown key 'seeds'"),
    WrongFile(
      "too many cells",
      "matrix:\n  model.layers: [\((1...400).map(String.init).joined(separator: ", "))]\n"
        + "  model.width: [\((1...400).map { "\($0 * 8)" }.joined(separator: ", "))]\n",
      "x.yaml:2:3: error: the matrix has more than 100000 cells"),
  ]
}
