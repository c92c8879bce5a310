// What is made of what Slurm says of its nodes.

import Experiments
import Testing

@Suite struct SlurmTests {
  @Test(arguments: [
    ("long*|zen4,avx512\nlong*|zen4,avx512\nlong*|zen3", "zen4&avx512"),
    ("long*|zen4\nlong*|zen3", "zen3"), ("long*|zen4", "zen4"),
    // Another partition's nodes do not count.
    ("long*|zen4\nshort|zen3\nshort|zen3", "zen4"),
    ("long*|a\nlong*|b\nlong*|c", nil), ("long*|(null)\nlong*|(null)\nlong*|zen4", nil),
    ("long*|$(rm -r)", nil), ("", nil), ("no such thing", nil),
  ]) func `half the nodes of a partition are of one kind, or there is no constraint`(
    nodes: String, constraint: String?
  ) {
    #expect(Slurm.constraint(from: nodes, isDefault: true) == constraint)
  }

  @Test func `of a partition that is named all nodes count`() {
    #expect(Slurm.constraint(from: "short|zen3\nshort|zen3", isDefault: false) == "zen3")
  }
}
